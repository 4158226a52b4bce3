"""A Flask application whose paths are guarded by bearerd.

    BEARERD_SOCKET=/run/bearerd/bearerd.sock flask --app app run

bearerd.py and bearerd_flask.py are those of deploy/clients/python; in an application of your own they lie beside this file.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "clients" / "python"))

from flask import Flask, g, jsonify

from bearerd import Bearerd
from bearerd_flask import require_token

app = Flask(__name__)
daemon = Bearerd()


@app.get("/me")
@require_token(daemon)
def me():
    # Who somebody is, is issuer and subject together: another issuer may use the same subject for somebody else.
    return jsonify(issuer=g.claims["iss"], subject=g.claims["sub"])


@app.get("/orders")
@require_token(daemon, scope="orders:read")
def orders():
    return jsonify(orders=[])


@app.post("/account/delete")
@require_token(daemon, max_age=300)
def delete_account():
    """Needs a login within the last five minutes; an older one is answered with a challenge to log in again."""
    return jsonify(deleted=g.claims["sub"])
