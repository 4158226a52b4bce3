"""Stops one thread of another process, for tests of what a stuck thread leads to."""

import contextlib
import ctypes
import os


class StoppedThread:
    """One thread of another process, stopped by ptrace(2) while the others run on."""

    SEIZE, INTERRUPT, ALL = 0x4206, 0x4207, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long

    def __init__(self, thread):
        for request in (self.SEIZE, self.INTERRUPT):
            if self.libc.ptrace(request, thread, None, None) != 0:
                raise OSError(ctypes.get_errno(), "ptrace")
        os.waitpid(thread, self.ALL)
        self._thread = thread

    def reap(self):
        """Takes note of its end if it has come; until then the kernel does not let the killed process go."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._thread, self.ALL | os.WNOHANG)
