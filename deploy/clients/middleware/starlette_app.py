import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerd_asyncio import AsyncBearerd
from bearerd_starlette import Token

daemon = AsyncBearerd()


def guarded(**members):
    token = Token(daemon, **members)

    async def endpoint(request):
        return JSONResponse({"subject": (await token(request))["sub"]})

    return endpoint


app = Starlette(routes=[
    Route("/me", guarded()), Route("/orders", guarded(scope="orders:read")), Route("/delete", guarded(max_age=300)),
])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
