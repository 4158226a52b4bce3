import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

import uvicorn
from fastapi import Depends, FastAPI

from bearerd_asyncio import AsyncBearerd
from bearerd_starlette import Token

app = FastAPI()
daemon = AsyncBearerd()


@app.get("/me")
async def me(claims: dict = Depends(Token(daemon))):
    return {"subject": claims["sub"]}


@app.get("/orders")
async def orders(claims: dict = Depends(Token(daemon, scope="orders:read"))):
    return {"subject": claims["sub"]}


@app.get("/delete")
async def delete(claims: dict = Depends(Token(daemon, max_age=300))):
    return {"subject": claims["sub"]}


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
