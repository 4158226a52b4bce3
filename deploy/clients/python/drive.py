"""The conformance suite's driver of the Python client: a JSON line in, a JSON line out.

BEARERD_CLIENT=async drives the one for asyncio.
"""

import asyncio
import json
import os
import sys

from bearerd import Bearerd
from bearerd_asyncio import AsyncBearerd

TIMEOUT = int(os.environ.get("BEARERD_TIMEOUT_MS", "2000")) / 1000
WORKERS = int(os.environ.get("BEARERD_WORKERS", "0"))
IS_ASYNC = os.environ.get("BEARERD_CLIENT") == "async"


def show(verdict, authorization=None):
    subject = verdict.claims.get("sub") if verdict.ok else None
    answer = {"ok": verdict.ok, "status": verdict.status, "subject": subject if isinstance(subject, str) else None}
    if authorization is not None:
        answer["authorization"] = authorization
    # One write: workers share the output.
    os.write(1, json.dumps(answer).encode() + b"\n")


def requests():
    for line in sys.stdin:
        members = json.loads(line)
        yield members.pop("authorization"), members


def drive():
    daemon = Bearerd(timeout=TIMEOUT)
    if not WORKERS:
        for authorization, members in requests():
            show(daemon.verify(authorization, **members))
        return
    (first, members), *others = requests()
    show(daemon.verify(first, **members), first)
    children = []
    for worker in range(WORKERS):
        child = os.fork()
        if child == 0:
            for authorization, members in others[worker::WORKERS]:
                show(daemon.verify(authorization, **members), authorization)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


async def drive_async():
    daemon = AsyncBearerd(timeout=TIMEOUT)
    if not WORKERS:
        for authorization, members in requests():
            show(await daemon.verify(authorization, **members))
        return
    (first, members), *others = requests()
    show(await daemon.verify(first, **members), first)

    async def work(mine):
        for authorization, members in mine:
            show(await daemon.verify(authorization, **members), authorization)

    # Half of the workers are forks, each with an event loop of its own, and half are tasks of this one.
    children = []
    for worker in range(0, WORKERS, 2):
        child = os.fork()
        if child == 0:
            asyncio.run(work(others[worker::WORKERS]))
            os._exit(0)
        children.append(child)
    await asyncio.gather(*(work(others[worker::WORKERS]) for worker in range(1, WORKERS, 2)))
    for child in children:
        os.waitpid(child, 0)


asyncio.run(drive_async()) if IS_ASYNC else drive()
