"""Asks bearerd from asyncio code, without ever blocking the event loop. Two files to copy: this one and bearerd.py.

    daemon = AsyncBearerd()
    verdict = await daemon.verify(headers.get("Authorization", ""), scope="orders:read")

All else is as in bearerd.py. A task that is cancelled takes its connection with it, and nobody else's.
"""

import asyncio
import os
import socket

from bearerd import KEPT, MAXIMUM_REPLY, Bearerd, Verdict, read_verdict


class AsyncBearerd(Bearerd):
    """The same, but that its calls are awaited."""

    _process, _inherited = os.getpid(), ()

    def close(self):
        """Ends the connections that are kept; the next request opens a new one."""
        self._notice_fork()
        while self._idle:
            self._idle.pop()[1][1].close()

    def _take(self, owner):
        self._notice_fork()
        return super()._take(owner)

    def _notice_fork(self):
        # A child that closed its parent's connections would take them out of the epoll set that the two share, and a
        # StreamWriter that is let go closes: they stay.
        if self._process != os.getpid():
            self._inherited += (self._idle,)
            self._process, self._idle = os.getpid(), []

    async def _ask(self, op, member, authorization, members):
        try:
            return await asyncio.wait_for(self._exchange(op, member, authorization, members), self._timeout)
        except Exception:
            # Whatever it is: nobody may take it for a yes.
            return Verdict()

    async def _exchange(self, op, member, authorization, members):
        identifier, line = self._request(op, authorization, members)
        owner = asyncio.get_running_loop()
        connection = self._take(owner)
        try:
            reply = await self._converse(connection, line) if connection else b""
            if not reply:
                # None was kept, or a restart closed it: asking once more does no harm.
                if connection:
                    connection[1].close()
                connection = await self._connect()
                reply = await self._converse(connection, line)
            reply, _ = reply.split(b"\n")  # raises if it has no end
            verdict = read_verdict(reply, identifier, member)
            reader = connection[0]
            # A kept connection that has bytes to read before anything is asked has somebody else's reply.
            if not getattr(reader, "_buffer", b"") and not reader.at_eof() and len(self._idle) < KEPT:
                self._idle.append((owner, connection))
                connection = None
            return verdict
        finally:
            if connection:
                connection[1].close()

    async def _connect(self):
        stream = socket.socket(socket.AF_UNIX)
        try:
            stream.setblocking(False)
            while True:
                try:
                    # At once, or not at all: asyncio's own connect takes a full backlog (EAGAIN) for success.
                    stream.connect(self._path)
                    self._check_server(stream)
                    return await asyncio.open_unix_connection(sock=stream, limit=MAXIMUM_REPLY)
                except BlockingIOError:
                    await asyncio.sleep(0.005)
        except BaseException:
            stream.close()
            raise

    @staticmethod
    async def _converse(connection, line):
        """The reply; nothing if the connection was closed before a byte of it."""
        reader, writer = connection
        try:
            writer.write(line)
            await writer.drain()
            return await reader.readline()
        except (BrokenPipeError, ConnectionResetError):
            return b""
