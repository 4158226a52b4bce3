"""Asks bearerd whether a token may be trusted. One file to copy; standard library only (Python 3.8 or later).

    daemon = Bearerd()                       # one for the process: threads may share it, a fork may go on with it
    verdict = daemon.verify(headers.get("Authorization", ""), scope="orders:read")
    if verdict.ok:
        who = verdict.claims["iss"], verdict.claims["sub"]           # who somebody is: both together
    else:
        answer(verdict.status, verdict.www_authenticate)            # 401, 403, or 503: nobody can tell now

Everything that is not plainly a yes is a no, and nothing is raised. Members: every one of a verify request, such as
max_age=300 or policy="admin". It blocks: in asyncio code use bearerd_asyncio.py, or the event loop would stand still.
"""

import contextlib
import dataclasses
import json
import os
import socket
import struct
import time
import typing

MAXIMUM_REPLY = 1 << 20
KEPT = 8


@dataclasses.dataclass
class Verdict:
    """What bearerd said. Trust `claims` only if `ok`."""

    ok: bool = False
    status: int = 503  # the HTTP status to answer with
    claims: typing.Optional[dict] = None  # the token's claims, or what introspection tells of it
    issuer: typing.Optional[str] = None  # the issuer's short name
    stale: bool = False  # the keys could not be refreshed for a while
    code: typing.Optional[str] = "unavailable"  # see "Codes" in protocol.md
    www_authenticate: typing.Optional[str] = None  # the header's value to send
    retry_after_ms: typing.Optional[int] = None  # when asking again is worth while

    def headers(self):
        """The response headers of a refusal."""
        wait = None if self.retry_after_ms is None else str(-(-self.retry_after_ms // 1000))
        headers = {"Cache-Control": "no-store", "WWW-Authenticate": self.www_authenticate, "Retry-After": wait}
        return {name: value for name, value in headers.items() if value}


class Bearerd:
    """Blocks for `timeout` at most."""

    def __init__(self, path=None, timeout=2.0, server_uid=None):
        """path: the socket, else $BEARERD_SOCKET, else the usual place. timeout: seconds for a whole exchange.

        server_uid: the user who must have made the socket listen, else $BEARERD_SERVER_UID, else anybody. Where others
        may write to the socket's directory, one of them can put a socket of his own there; he is sent nothing then.
        """
        self._path = path or os.environ.get("BEARERD_SOCKET") or "/run/bearerd/bearerd.sock"
        self._timeout = timeout
        self._server_uid = str(os.environ.get("BEARERD_SERVER_UID", "") if server_uid is None else server_uid)
        # Whose connection, and which. No lock, which a fork might find held: each step on a list is whole, and too many
        # kept do no harm.
        self._idle = []

    def verify(self, authorization, **members):
        """Judges the value of an Authorization header ("" if there is none)."""
        return self._ask("verify", "claims", authorization, members)

    def introspect(self, authorization, **members):
        return self._ask("introspect", "introspection", authorization, members)

    def close(self):
        """Ends the connections that are kept; the next request opens a new one."""
        while stream := self._take(os.getpid()):
            stream.close()

    def _ask(self, op, member, authorization, members):
        stream = None
        try:
            identifier, line = self._request(op, authorization, members)
            deadline = time.monotonic() + self._timeout
            stream = self._take(os.getpid())
            reply = self._converse(stream, line, deadline) if stream else b""
            if not reply:
                # None was kept, or a restart closed it: asking once more does no harm.
                if stream:
                    stream.close()
                stream = socket.socket(socket.AF_UNIX)
                self._connect(stream, deadline)
                reply = self._converse(stream, line, deadline)
            reply, surplus = reply.split(b"\n", 1)
            verdict = read_verdict(reply, identifier, member)
            # Bytes that nobody asked for make the connection worthless, not the reply.
            if not surplus and len(self._idle) < KEPT:
                self._idle.append((os.getpid(), stream))
                stream = None
            return verdict
        except Exception:
            # Whatever it is: nobody may take it for a yes.
            return Verdict()
        finally:
            if stream:
                stream.close()

    def _request(self, op, authorization, members):
        identifier = os.urandom(8).hex()
        request = {name: value for name, value in members.items() if value is not None}
        request.update(id=identifier, op=op, authorization=authorization)
        return identifier, json.dumps(request).encode() + b"\n"

    def _take(self, owner):
        # A child must not share its parent's connections, nor an event loop another's: they are let go.
        with contextlib.suppress(IndexError):
            return next(connection for kept_by, connection in iter(self._idle.pop, None) if kept_by == owner)

    def _connect(self, stream, deadline):
        while True:
            stream.settimeout(deadline - time.monotonic())
            try:
                stream.connect(self._path)
                return self._check_server(stream)
            except BlockingIOError:
                # A full backlog says EAGAIN and cannot be waited for.
                time.sleep(0.005)

    def _check_server(self, stream):
        """Raises PermissionError if the socket is not that of the user who is expected (SO_PEERCRED, unix(7))."""
        if self._server_uid:
            credentials = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            if str(struct.unpack("iII", credentials)[1]) != self._server_uid:
                raise PermissionError("the socket is another user's")

    @staticmethod
    def _converse(stream, line, deadline):
        """The reply and what came with it; nothing if the connection was closed before a byte of it."""
        reply = bytearray()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            # Raises if nothing is left of the time.
            stream.settimeout(deadline - time.monotonic())
            stream.sendall(line)
            while b"\n" not in reply and len(reply) <= MAXIMUM_REPLY:
                stream.settimeout(deadline - time.monotonic())
                chunk = stream.recv(65536)
                if not chunk:
                    break
                reply += chunk
        return reply


def read_verdict(line, identifier, member):
    """Raises something for whatever is no reply to this request."""
    # NaN is no JSON, though Python reads it: int("NaN") raises ValueError.
    reply = json.loads(line.decode(), parse_constant=int)
    ok, claims = reply["ok"], reply.get(member)
    if reply["id"] != identifier:
        raise ValueError("not the reply to this request")
    if ok is True and isinstance(claims, dict):
        return Verdict(True, 200, claims, reply.get("issuer"), reply.get("stale") is True, None)
    error = reply["error"]
    status, challenge, wait = error["status"], error.get("www_authenticate"), error.get("retry_after_ms")
    if ok is not False or type(status) is not int or not 400 <= status <= 599:
        raise ValueError("no verdict")
    # Nothing that could end a header's line.
    challenge = challenge if isinstance(challenge, str) and challenge.isascii() and challenge.isprintable() else None
    wait = wait if type(wait) is int and wait >= 0 else None
    return Verdict(status=status, code=error.get("code"), www_authenticate=challenge, retry_after_ms=wait)
