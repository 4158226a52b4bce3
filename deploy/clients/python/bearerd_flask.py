"""Guards paths of a Flask application. Copy it beside bearerd.py.

    daemon = Bearerd()

    @app.get("/orders")
    @require_token(daemon, scope="orders:read")
    def orders():
        return jsonify(subject=g.claims["sub"])

`max_age=300` demands a login within the last five minutes (RFC 9470); any other member of a verify request goes too.
"""

import functools

from flask import g, jsonify, request


def require_token(daemon, **members):
    """Lets a request through only with a good token; the view finds its claims in `g.claims`."""

    def decorate(view):
        @functools.wraps(view)
        def guarded(*arguments, **values):
            verdict = daemon.verify(request.headers.get("Authorization", ""), **members)
            if not verdict.ok:
                return jsonify(error=verdict.code), verdict.status, verdict.headers()
            g.claims = verdict.claims
            return view(*arguments, **values)

        return guarded

    return decorate
