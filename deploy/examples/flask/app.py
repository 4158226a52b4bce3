"""A Flask application whose paths are guarded by bearerd.

    BEARERD_SOCKET=/run/bearerd/bearerd.sock flask --app app run
"""

import functools
import os

from flask import Flask, g, jsonify, request

from bearerd import Bearerd

app = Flask(__name__)
daemon = Bearerd(os.environ.get("BEARERD_SOCKET", "/run/bearerd/bearerd.sock"))


def require_token(scope=None, max_age=None):
    """Lets a request through only with a good token; the view finds its claims in `g.claims`.

    scope: the scopes that the token must have, separated by spaces.
    max_age: how many seconds ago the user may have logged in at most (step-up authentication, RFC 9470).
    """

    def decorate(view):
        @functools.wraps(view)
        def guarded(*arguments, **values):
            verdict = daemon.verify(request.headers.get("Authorization", ""), scope=scope, max_age=max_age)
            if not verdict.ok:
                return refusal(verdict)
            g.claims = verdict.claims
            return view(*arguments, **values)

        return guarded

    return decorate


def refusal(verdict):
    """The answer that bearerd advises: its status and its challenge."""
    response = jsonify(error=verdict.code)
    response.status_code = verdict.status
    response.headers["Cache-Control"] = "no-store"
    if verdict.www_authenticate:
        response.headers["WWW-Authenticate"] = verdict.www_authenticate
    if verdict.retry_after_ms is not None:
        response.headers["Retry-After"] = str(-(-verdict.retry_after_ms // 1000))
    return response


@app.get("/me")
@require_token()
def me():
    # Who somebody is, is issuer and subject together: another issuer may use the same subject for somebody else.
    return jsonify(issuer=g.claims["iss"], subject=g.claims["sub"])


@app.get("/orders")
@require_token(scope="orders:read")
def orders():
    return jsonify(orders=[])


@app.post("/account/delete")
@require_token(max_age=300)
def delete_account():
    """Needs a login within the last five minutes; an older one is answered with a challenge to log in again."""
    return jsonify(deleted=g.claims["sub"])
