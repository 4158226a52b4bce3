import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from flask import Flask, g, jsonify
from werkzeug.serving import make_server

from bearerd import Bearerd
from bearerd_flask import require_token

app = Flask(__name__)
daemon = Bearerd()


@app.get("/me")
@require_token(daemon)
def me():
    return jsonify(subject=g.claims["sub"])


@app.get("/orders")
@require_token(daemon, scope="orders:read")
def orders():
    return jsonify(subject=g.claims["sub"])


@app.get("/delete")
@require_token(daemon, max_age=300)
def delete():
    return jsonify(subject=g.claims["sub"])


server = make_server("127.0.0.1", 0, app)
print(server.port, flush=True)
server.serve_forever()
