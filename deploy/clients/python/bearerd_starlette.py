"""Guards paths of a FastAPI or Starlette application without ever blocking its event loop. Copy it beside bearerd.py
and bearerd_asyncio.py.

    daemon = AsyncBearerd()

    @app.get("/orders")                                            # FastAPI
    async def orders(claims: dict = Depends(Token(daemon, scope="orders:read"))):
        return {"subject": claims["sub"]}

    async def orders(request):                                     # Starlette
        claims = await Token(daemon, scope="orders:read")(request)

`max_age=300` demands a login within the last five minutes (RFC 9470); any other member of a verify request goes too.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request


class Token:
    """Gives the claims of a good token; ends the request otherwise."""

    def __init__(self, daemon, **members):
        self._daemon = daemon
        self._members = members

    async def __call__(self, request: Request) -> dict:
        # A field that is sent twice is one list (RFC 9110 section 5.3).
        authorization = ", ".join(request.headers.getlist("authorization"))
        verdict = await self._daemon.verify(authorization, **self._members)
        if not verdict.ok:
            raise HTTPException(verdict.status, verdict.code, verdict.headers())
        return verdict.claims
