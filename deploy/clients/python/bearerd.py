"""Asks bearerd whether a token may be trusted. One file to copy; standard library only (Python 3.8 or later).

    daemon = Bearerd()                       # one for the process: threads may share it, a fork may go on with it
    verdict = daemon.verify(headers.get("Authorization", ""), scope="orders:read")
    if verdict.ok:
        who = verdict.claims["iss"], verdict.claims["sub"]           # who somebody is: both together
    else:
        answer(verdict.status, verdict.www_authenticate)            # 401, 403, or 503: nobody can tell now

In asyncio code: `AsyncBearerd`, with `await`; the blocking one would stop the event loop. Everything that is not plainly a
yes is a no, and nothing is raised. Members: every one of a verify request, such as max_age=300 or policy="admin".
"""

import asyncio
import itertools
import json
import os
import socket
import struct
import threading
import time

MAXIMUM_REPLY = 1 << 20
KEPT = 8
_numbers = itertools.count(1)


class Verdict:
    """What bearerd said. Trust `claims` only if `ok`."""

    def __init__(self, ok=False, status=503, claims=None, issuer=None, stale=False, code="unavailable",
                 www_authenticate=None, retry_after_ms=None):
        self.ok = ok
        self.status = status  # the HTTP status to answer with
        self.claims = claims  # the token's claims, or what introspection tells of it
        self.issuer = issuer  # the issuer's short name
        self.stale = stale  # the keys could not be refreshed for a while
        self.code = code  # see "Codes" in protocol.md
        self.www_authenticate = www_authenticate  # the header's value to send, or None
        self.retry_after_ms = retry_after_ms  # when asking again is worth while, or None

    def headers(self):
        """The response headers of a refusal."""
        headers = {"Cache-Control": "no-store"}
        if self.www_authenticate:
            headers["WWW-Authenticate"] = self.www_authenticate
        if self.retry_after_ms is not None:
            headers["Retry-After"] = str(-(-self.retry_after_ms // 1000))
        return headers


class _Closed(ConnectionError):
    """The connection was closed before a byte of the reply, as by a restart."""


class _Client:
    def __init__(self, path=None, timeout=2.0, server_uid=None):
        """path: the socket, else $BEARERD_SOCKET, else the usual place. timeout: seconds for a whole exchange.

        server_uid: the user who must have made the socket listen, else $BEARERD_SERVER_UID, else anybody. Where others
        may write to the socket's directory, one of them can put a socket of his own there; he is sent nothing then.
        """
        self._path = path or os.environ.get("BEARERD_SOCKET") or "/run/bearerd/bearerd.sock"
        self._timeout = timeout
        if server_uid is None and os.environ.get("BEARERD_SERVER_UID"):
            server_uid = int(os.environ["BEARERD_SERVER_UID"])
        self._server_uid = server_uid
        self._idle = []
        self._owner = None

    def _check_server(self, stream):
        """Raises PermissionError if the socket is not that of the user who is expected (SO_PEERCRED, unix(7))."""
        if self._server_uid is None:
            return
        credentials = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        if struct.unpack("iII", credentials)[1] != self._server_uid:
            raise PermissionError("the socket is another user's")

    def _take(self, owner):
        # A child must not share its parent's connections, nor an event loop another's.
        if self._owner != owner:
            self._idle, self._owner = [], owner
        return self._idle.pop() if self._idle else None

    def _give(self, connection, owner):
        if self._owner == owner and len(self._idle) < KEPT:
            self._idle.append(connection)
            return True
        return False


def _request(op, authorization, members):
    identifier = f"{os.getpid()}.{next(_numbers)}"
    request = {name: value for name, value in members.items() if value is not None}
    request.update(id=identifier, op=op, authorization=authorization)
    return identifier, json.dumps(request).encode() + b"\n"


def _not_json(word):
    raise ValueError(word)


def _verdict(line, identifier, member):
    """Raises ValueError or so for whatever is no reply to this request."""
    reply = json.loads(line.decode(), parse_constant=_not_json)
    if not isinstance(reply, dict) or reply.get("id") != identifier:
        raise ValueError("not the reply to this request")
    ok, claims, error = reply.get("ok"), reply.get(member), reply.get("error")
    if ok is True and isinstance(claims, dict):
        return Verdict(True, 200, claims, reply.get("issuer"), reply.get("stale") is True, None)
    if ok is not False or not isinstance(error, dict):
        raise ValueError("neither a yes nor a no")
    status, challenge, wait = error.get("status"), error.get("www_authenticate"), error.get("retry_after_ms")
    if type(status) is not int or not 400 <= status <= 599:
        raise ValueError("no status of a refusal")
    # Nothing that could end a header's line.
    if not isinstance(challenge, str) or not challenge.isascii() or not challenge.isprintable():
        challenge = None
    return Verdict(False, status, code=error.get("code"), www_authenticate=challenge,
                   retry_after_ms=wait if type(wait) is int and wait >= 0 else None)


# What the daemon, the network or a caller's header may bring about.
_FAULTS = (OSError, ValueError, TypeError, RecursionError)


class Bearerd(_Client):
    """Blocks for `timeout` at most."""

    def __init__(self, path=None, timeout=2.0, server_uid=None):
        super().__init__(path, timeout, server_uid)
        self._lock = threading.Lock()
        # A fork may come while another thread holds the lock; the child needs one that nobody holds.
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=lambda: setattr(self, "_lock", threading.Lock()))

    def verify(self, authorization, **members):
        """Judges the value of an Authorization header ("" if there is none)."""
        return self._ask("verify", "claims", authorization, members)

    def introspect(self, authorization, **members):
        return self._ask("introspect", "introspection", authorization, members)

    def close(self):
        """Ends the connections that are kept; the next request opens a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for stream in idle:
            stream.close()

    def _ask(self, op, member, authorization, members):
        stream = None
        try:
            identifier, line = _request(op, authorization, members)
            deadline = time.monotonic() + self._timeout
            with self._lock:
                stream = self._take(os.getpid())
            try:
                kept, stream = stream, stream or self._connect(deadline)
                reply = self._converse(stream, line, deadline)
            except _Closed:
                if not kept:
                    raise
                # A restart closed the kept connection; asking once more does no harm.
                stream.close()
                stream = self._connect(deadline)
                reply = self._converse(stream, line, deadline)
            reply, surplus = reply.split(b"\n", 1)
            verdict = _verdict(reply, identifier, member)
            with self._lock:
                # Bytes that nobody asked for make the connection worthless, not the reply.
                if not surplus and self._give(stream, os.getpid()):
                    stream = None
            return verdict
        except _FAULTS:
            return Verdict()
        finally:
            if stream:
                stream.close()

    def _connect(self, deadline):
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            while True:
                stream.settimeout(_left(deadline))
                try:
                    stream.connect(self._path)
                    self._check_server(stream)
                    return stream
                except BlockingIOError:
                    # A full backlog says EAGAIN and cannot be waited for.
                    time.sleep(0.005)
        except BaseException:
            stream.close()
            raise

    @staticmethod
    def _converse(stream, line, deadline):
        reply = bytearray()
        try:
            stream.settimeout(_left(deadline))
            stream.sendall(line)
            while b"\n" not in reply:
                stream.settimeout(_left(deadline))
                chunk = stream.recv(65536)
                if not chunk:
                    raise ConnectionResetError
                reply += chunk
                if len(reply) > MAXIMUM_REPLY:
                    raise ValueError("the reply is too long")
        except (BrokenPipeError, ConnectionResetError) as fault:
            raise fault if reply else _Closed from None
        return bytes(reply)


def _left(deadline):
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class AsyncBearerd(_Client):
    """The same for asyncio; a task that is cancelled takes its connection with it, and nobody else's."""

    async def verify(self, authorization, **members):
        """Judges the value of an Authorization header ("" if there is none)."""
        return await self._ask("verify", "claims", authorization, members)

    async def introspect(self, authorization, **members):
        return await self._ask("introspect", "introspection", authorization, members)

    async def _ask(self, op, member, authorization, members):
        try:
            return await asyncio.wait_for(self._exchange(op, member, authorization, members), self._timeout)
        except (*_FAULTS, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return Verdict()

    async def _exchange(self, op, member, authorization, members):
        identifier, line = _request(op, authorization, members)
        owner = os.getpid(), asyncio.get_running_loop()
        connection = self._take(owner)
        try:
            try:
                kept, connection = connection, connection or await self._connect()
                reply = await self._converse(connection, line)
            except _Closed:
                if not kept:
                    raise
                connection[1].close()
                connection = await self._connect()
                reply = await self._converse(connection, line)
            verdict = _verdict(reply, identifier, member)
            reader = connection[0]
            # A kept connection that has bytes to read before anything is asked has somebody else's reply.
            if not getattr(reader, "_buffer", b"") and not reader.at_eof() and self._give(connection, owner):
                connection = None
            return verdict
        finally:
            if connection:
                connection[1].close()

    async def _connect(self):
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            stream.setblocking(False)
            while True:
                try:
                    # At once, or not at all: asyncio's own connect takes a full backlog (EAGAIN) for success.
                    stream.connect(self._path)
                    self._check_server(stream)
                    break
                except BlockingIOError:
                    await asyncio.sleep(0.005)
            return await asyncio.open_unix_connection(sock=stream, limit=MAXIMUM_REPLY)
        except BaseException:
            stream.close()
            raise

    @staticmethod
    async def _converse(connection, line):
        reader, writer = connection
        try:
            writer.write(line)
            await writer.drain()
            return await reader.readuntil(b"\n")
        except (BrokenPipeError, ConnectionResetError):
            raise _Closed from None
        except asyncio.IncompleteReadError as fault:
            if fault.partial:
                raise
            raise _Closed from None
