"""Asks bearerd whether a token may be trusted. One file, standard library only: copy it into your application."""

import itertools
import json
import os
import socket
import threading

MAXIMUM_REPLY_BYTES = 1 << 20


class Verdict:
    """What bearerd said. Trust `claims` only if `ok`; everything that is not plainly a yes is a no."""

    def __init__(self, ok=False, claims=None, code="unavailable", status=503, www_authenticate=None, retry_after_ms=None):
        self.ok = ok
        self.claims = claims
        self.code = code  # see "Codes" in protocol.md
        self.status = status  # the HTTP status to answer with
        self.www_authenticate = www_authenticate  # the header's value to send, or None
        self.retry_after_ms = retry_after_ms


class Bearerd:
    """A client for any number of threads and processes; each thread has a connection of its own and keeps it."""

    def __init__(self, path="/run/bearerd/bearerd.sock", timeout=2.0):
        """The daemon's socket, and how long one send or receive may take, in seconds."""
        self._path = path
        self._timeout = timeout
        self._numbers = itertools.count(1)
        self._local = threading.local()

    def verify(self, authorization, **requirements):
        """Judges the value of an Authorization header ("" if there is none).

        The requirements are those of a verify request, such as scope="orders:read" or max_age=300. Never raises for
        anything that the daemon, the network or the caller of the application does.
        """
        # The process is in the id, so that a connection inherited by fork cannot deliver another's verdict.
        identifier = f"{os.getpid()}.{next(self._numbers)}"
        request = {"id": identifier, "op": "verify", "authorization": authorization}
        request.update({name: value for name, value in requirements.items() if value is not None})
        line = json.dumps(request).encode() + b"\n"
        try:
            return self._read_verdict(self._exchange(line), identifier)
        except (OSError, ValueError, TypeError, RecursionError):
            self._close()
            return Verdict()

    def _exchange(self, line):
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            try:
                return self._ask(connection, line)
            except TimeoutError:
                raise
            except OSError:
                # The daemon was restarted since the last request; asking twice does no harm.
                self._close()
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.settimeout(self._timeout)
        self._local.connection = (stream, stream.makefile("rb"))
        stream.connect(self._path)
        return self._ask(self._local.connection, line)

    def _ask(self, connection, line):
        stream, replies = connection
        stream.sendall(line)
        reply = replies.readline(MAXIMUM_REPLY_BYTES)
        if not reply.endswith(b"\n"):
            raise ConnectionError("the daemon closed the connection")
        return reply

    def _read_verdict(self, reply, identifier):
        reply = json.loads(reply)
        if not isinstance(reply, dict) or reply.get("id") != identifier:
            raise ValueError("not the reply to this request")
        if reply.get("ok") is True and isinstance(reply.get("claims"), dict):
            return Verdict(ok=True, claims=reply["claims"], code=None, status=200)
        error = reply.get("error")
        if not isinstance(error, dict):
            raise ValueError("neither a yes nor an error")
        status = error.get("status")
        if type(status) is not int or not 400 <= status <= 599:
            status = 503
        return Verdict(
            code=error.get("code"),
            status=status,
            www_authenticate=error.get("www_authenticate"),
            retry_after_ms=error.get("retry_after_ms"),
        )

    def _close(self):
        """Ends the thread's connection: a late reply must never be taken for the next one."""
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        for part in reversed(connection or ()):
            part.close()
