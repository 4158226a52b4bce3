"""Runs the built programs for the tests in Python."""

import contextlib
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("BEARERD_BIN", ROOT / ".build" / "debug"))

# The longest wait for a start, in seconds: it ends a hang, and no test measures it.
START_SECONDS = 60

# Where Debian's packages put the sources of crates.
CRATES = pathlib.Path("/usr/share/cargo/registry")

# Programs that PyPI has are beside the interpreter, whether its environment is active or not.
PATH = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])


def program(name):
    """Where a program is; None if it is not here."""
    return shutil.which(name, path=PATH)


def processor_seconds(process):
    """By the clock that the kernel keeps for a process, as clock_getcpuclockid(3) names it: in nanoseconds, not ticks."""
    return time.clock_gettime(~process << 3 | 2)


def deno(socket_path, script, *rights):
    """The command that runs a script with the rights that the JavaScript client needs, and further ones."""
    # To Deno a socket is a file to read and to write, and a network too.
    environment = ["BEARERD_SOCKET", "BEARERD_TIMEOUT_MS", "BEARERD_WORKERS"]
    rights = [f"--allow-env={','.join(environment)}", f"--allow-read={socket_path}", f"--allow-write={socket_path}",
              f"--allow-net={','.join(['unix:' + socket_path, *rights])}"]
    return ["env", "DENO_NO_UPDATE_CHECK=1", program("deno"), "run", "--quiet", "--no-prompt", "--no-config", "--no-remote",
            *rights, script]


def no_cargo(*crates):
    """Why no program with these crates of Debian's can be built here; None if it can."""
    if not program("cargo"):
        return "cargo is not here"
    version = subprocess.run([program("cargo"), "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    if tuple(map(int, version.split(".")[:2])) < (1, 82):
        return f"cargo {version} is older than 1.82"
    missing = [crate for crate in crates if not list(CRATES.glob(f"{crate}-[0-9]*"))]
    return f"librust-{missing[0].replace('_', '-')}-dev is not here" if missing else None


def cargo(home):
    """The environment in which cargo takes Debian's crates and fetches none; its files are in this directory."""
    home = pathlib.Path(home)
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "here"\n[source.here]\ndirectory = "{CRATES}"\n')
    rustup = os.environ.get("RUSTUP_HOME", os.path.expanduser("~/.rustup"))
    return {"CARGO_HOME": str(home), "CARGO_NET_OFFLINE": "true", "RUSTUP_HOME": rustup}


# Of the class that gives way to every other at once (sched(7)), until its parent has ended.
STAY_AWAKE = """
import os
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
parent = os.getppid()
while os.getppid() == parent:
    pass
"""


@contextlib.contextmanager
def awake_processors():
    """Keeps every processor awake, as other work does: one that fell asleep takes a virtual machine some 40 µs to wake."""
    with contextlib.ExitStack() as stack:
        for _ in range(os.cpu_count()):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", STAY_AWAKE]))
            stack.callback(process.kill)
        yield


@contextlib.contextmanager
def development_issuer(keys, *arguments):
    """Serves the keys of a directory; gives the issuer's URL."""
    command = [BIN / "bearerd-dev-issuer", "serve", "--keys", keys, "--port", "0", *arguments]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            if not url:
                raise RuntimeError("the development issuer did not start")
            yield url
        finally:
            process.terminate()


def mint(keys, *arguments):
    """A token by the keys of a directory, as `bearerd-dev-issuer mint` makes it."""
    command = [BIN / "bearerd-dev-issuer", "mint", "--keys", keys, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def jwks(keys):
    """The key set of a directory, as `bearerd-dev-issuer jwks` prints it."""
    command = [BIN / "bearerd-dev-issuer", "jwks", "--keys", keys]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def revoke(keys, token):
    """Has the issuer of a directory call a token inactive from now on."""
    command = [BIN / "bearerd-dev-issuer", "revoke", "--keys", keys, "-"]
    subprocess.run(command, check=True, input=token, text=True)


class Daemon:
    """A running bearerd; ready once it is made, and stopped at the end of its `with` block."""

    def __init__(self, directory, *arguments, log_level="warning", by=()):
        """Starts `bearerd serve` with these arguments and a socket in the directory, perhaps by another command."""
        self.socket_path = str(pathlib.Path(directory) / "bearerd.sock")
        command = [*by, BIN / "bearerd", "serve", "--socket", self.socket_path, *arguments]
        # READY=1 (sd_notify(3)) comes when the keys are there, so that nothing has to be polled.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify_path = str(pathlib.Path(directory) / "notify.sock")
            with contextlib.suppress(FileNotFoundError):
                os.unlink(notify_path)
            notify.bind(notify_path)
            environment = {name: value for name, value in os.environ.items() if not name.startswith("BEARERD_")}
            environment |= {"NOTIFY_SOCKET": notify_path, "BEARERD_LOG_LEVEL": log_level}
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment)
            try:
                self._await_ready(notify)
            except BaseException:
                self.stop()
                raise

    def _await_ready(self, notify):
        process = os.pidfd_open(self.process.pid)
        try:
            while True:
                readable, _, _ = select.select([notify, process], [], [], START_SECONDS)
                if notify in readable:
                    if b"READY=1" in notify.recv(65536).split(b"\n"):
                        return
                elif process in readable:
                    raise RuntimeError(f"bearerd ended with exit status {self.process.wait()}")
                else:
                    raise RuntimeError("bearerd is not ready")
        finally:
            os.close(process)

    def stop(self):
        """Stops the daemon and waits until it has gone; gives its exit status."""
        self.process.terminate()
        return self.process.wait(START_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
