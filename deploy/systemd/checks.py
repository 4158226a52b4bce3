#!/usr/bin/env python3
"""The checks of deploy/systemd/test, in their order; runs as root inside the container, next to the packages.

With arguments only the checks whose function names contain one of them (and those that the others rest on).
"""

import contextlib
import ctypes
import grp
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

from stopped_thread import StoppedThread

HERE = pathlib.Path(__file__).parent
PACKAGES = sorted(str(path) for path in HERE.glob("*.deb"))
CONFIGURATION = pathlib.Path("/etc/bearerd/bearerd.toml")
SOCKET = "/run/bearerd/bearerd.sock"
ADMIN_SOCKET = "/run/bearerd-admin/admin.sock"
STATE = pathlib.Path("/var/lib/bearerd")
DROP_INS = pathlib.Path("/etc/systemd/system/bearerd.service.d")
KEYS = "/var/tmp/issuer-keys"
ISSUER = "http://127.0.0.1:9393"

CHECKS = []


def check(sentence, always=False):
    """Registers a check; its sentence says what must hold. One that is `always` made is what others rest on."""

    def register(function):
        CHECKS.append((sentence, function, always))
        return function

    return register


def expect(holds, *facts):
    """Fails the check with the facts unless it holds."""
    if not holds:
        raise AssertionError(" ".join(str(fact) for fact in facts))


def expect_equal(found, expected, what):
    expect(found == expected, f"{what}: found {found!r}, expected {expected!r}")


def run(*command, stdin=None, **options):
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120, **options)


def must(*command, stdin=None, **options):
    """Runs a command that must succeed; what it printed."""
    result = run(*command, stdin=stdin, **options)
    expect(result.returncode == 0, *command, "ended with", result.returncode, result.stdout, result.stderr)
    return result.stdout


def until(what, condition, seconds=30):
    """Waits until a condition holds, looking again and again; what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        expect(time.monotonic() < deadline, f"not within {seconds} s: {what}")
        time.sleep(0.02)


# systemd


def show(name, unit="bearerd.service"):
    return must("systemctl", "show", "--value", "--property", name, unit).strip()


def state(unit="bearerd.service"):
    return show("ActiveState", unit)


def main_pid(unit="bearerd.service"):
    return int(show("MainPID", unit))


def restarted(old, unit="bearerd.service"):
    """Waits until another process than the old one is ready; its id."""

    def another():
        pid = main_pid(unit)
        return pid if pid not in (0, old) and state(unit) == "active" else None

    return until(f"{unit} runs again", another)


@contextlib.contextmanager
def drop_in(text, name="checks.conf", directory=DROP_INS):
    """A change to a unit, taken back afterwards."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(text)
    must("systemctl", "daemon-reload")
    try:
        yield
    finally:
        path.unlink()
        directory.rmdir()
        must("systemctl", "daemon-reload")


# The daemon and the issuer


def configure(extra="", top="", issuer="", path=CONFIGURATION):
    path.write_text(
        f'{top}\n[issuer.dev]\nurl = "{ISSUER}"\n{issuer}\n[policy.default]\naudiences = ["{ISSUER}"]\n{extra}\n'
    )


def start_issuer():
    must(
        "systemd-run", "--quiet", "--unit=issuer", "--collect", "--property=Type=exec",
        "bearerd-dev-issuer", "serve", "--keys", KEYS,
    )
    address = ("127.0.0.1", 9393)

    def answers():
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
            return True

    until("the issuer listens", answers)


def stop_issuer():
    run("systemctl", "stop", "issuer.service")


def mint(*options):
    return must("bearerd-dev-issuer", "mint", "--keys", KEYS, "--issuer", ISSUER, *options).strip()


def ask(request, path=SOCKET):
    """The reply to one request over a connection of its own."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.settimeout(20)
        stream.connect(path)
        stream.sendall(json.dumps(request).encode() + b"\n")
        line = stream.makefile("rb").readline()
    expect(line.endswith(b"\n"), "no whole reply to", request["op"])
    return json.loads(line)


def verdict(token, path=SOCKET):
    """"ok", or the code of the refusal."""
    reply = ask({"op": "verify", "token": token}, path)
    return "ok" if reply["ok"] is True else reply["error"]["code"]


def journal(unit="bearerd.service"):
    """The unit's journal since boot, oldest first."""
    must("journalctl", "--sync")
    lines = must("journalctl", "--boot", "--unit", unit, "--output", "json", "--all").splitlines()
    return [json.loads(line) for line in lines]


class Load:
    """A steady load of good tokens from threads that connect anew and repeat when a connection ends."""

    def __init__(self, token, threads=8):
        self._line = json.dumps({"op": "verify", "token": token}).encode() + b"\n"
        self._end = threading.Event()
        self._lock = threading.Lock()
        self.answered = self.repeated = self.deferred = 0
        self.faults = []
        self._threads = [threading.Thread(target=self._work) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        self.progress()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def progress(self, count=200):
        """Waits until so many more requests are answered."""
        target = self.answered + count
        until("the load goes on", lambda: self.answered >= target or self.faults)

    def _work(self):
        stream = replies = None
        while not self._end.is_set() and not self.faults:
            try:
                if stream is None:
                    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                    stream.settimeout(30)
                    stream.connect(SOCKET)
                    replies = stream.makefile("rb")
            except OSError as error:
                # Refused, gone, or not even accepted within the time: what must never happen.
                self._fault(f"connect: {error!r}")
                return
            try:
                stream.sendall(self._line)
                reply = replies.readline()
                if not reply.endswith(b"\n"):
                    raise ConnectionResetError("closed")
            except TimeoutError as error:
                self._fault(f"no answer: {error!r}")
                return
            except OSError:
                stream.close()
                stream = None
                with self._lock:
                    self.repeated += 1
                continue
            reply = json.loads(reply)
            with self._lock:
                if reply["ok"] is True:
                    self.answered += 1
                elif reply["error"]["code"] == "shutting_down":
                    self.deferred += 1
                else:
                    self.faults.append(f"a good token was answered with {reply['error']['code']}")
        if stream is not None:
            stream.close()

    def _fault(self, words):
        with self._lock:
            self.faults.append(words)

    def expect_no_loss(self):
        expect(not self.faults, self.faults[:3])
        print(f"   {self.answered} answered, {self.repeated} repeated after a closed connection, "
              f"{self.deferred} after shutting_down, none refused")


def files():
    """Every path that a package, a unit or a daemon may leave behind."""
    roots = ["/etc", "/usr", "/var", "/run", "/lib", "/opt", "/srv", "/home", "/root"]
    passing = (
        "/run/systemd", "/run/log", "/var/log", "/var/cache", "/var/lib/dpkg", "/var/tmp", "/var/lib/apt",
        "/run/lock", "/run/user", "/run/host", "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow",
        "/etc/.pwd.lock", "/etc/subuid", "/etc/subgid", "/run/credentials", "/var/lib/systemd/random-seed",
    )
    found = set()
    for root in roots:
        for directory, directories, names in os.walk(root):
            for name in directories + names:
                path = os.path.join(directory, name)
                if not path.startswith(passing):
                    found.add(path)
    return found


BEFORE = files()


# Installation


@check("a new package is neither enabled nor started before it is configured, and says what to do", always=True)
def installs():
    output = must("dpkg", "--install", *PACKAGES)
    expect("bearerd check" in output and "systemctl enable --now" in output, output)
    for unit in ("bearerd.service", "bearerd.socket"):
        expect_equal(state(unit), "inactive", unit)
        expect_equal(run("systemctl", "is-enabled", unit).stdout.strip(), "disabled", unit)
    user = pwd.getpwnam("bearerd")
    expect(0 < user.pw_uid < 1000, "uid", user.pw_uid)
    expect_equal(user.pw_shell, "/usr/sbin/nologin", "shell")
    expect_equal(grp.getgrgid(user.pw_gid).gr_name, "bearerd", "group")
    result = run("bearerd", "check", "--offline")
    expect_equal(result.returncode, 78, "bearerd check")
    expect("url" in result.stderr + result.stdout, result.stderr, result.stdout)
    for page in ("man1/bearerd.1.gz", "man1/bearerd-dev-issuer.1.gz", "man5/bearerd.toml.5.gz"):
        expect(os.path.getsize(f"/usr/share/man/{page}") > 500, page)


@check("each package lists what it is made of, with versions and licences")
def parts():
    for package in ("bearerd", "bearerd-dev-issuer"):
        bill = json.loads(pathlib.Path(f"/usr/share/doc/{package}/{package}.cdx.json").read_text())
        found = {part["name"]: part for part in bill["components"]}
        linked = {"swift-nio", "swift-nio-ssl", "boringssl", "zlib", "llhttp", "async-http-client", "swift-runtime"}
        expect(linked | {"libsystemd0", "libc6"} <= found.keys(), package, sorted(found))
        expect(all(part["version"] and part["licenses"] for part in found.values()), package)
        expect_equal(bill["metadata"]["component"]["name"], package, "whose list it is")


@check("units are sound, and their exposure is at most 1.5; offline at most 0.5")
def exposure():
    for unit in ("bearerd.service", "bearerd@one.service"):
        must("systemd-analyze", "security", "--no-pager", "--threshold=15", unit)
    with drop_in(pathlib.Path("/usr/share/bearerd/systemd/offline.conf").read_text()):
        must("systemd-analyze", "security", "--no-pager", "--threshold=5", "bearerd.service")
    result = run("systemd-analyze", "verify", "--man=no", "bearerd.service", "bearerd.socket", "bearerd@one.service")
    expect(result.returncode == 0 and "bearerd" not in result.stderr, result.stderr)
    score = must("systemd-analyze", "security", "--no-pager", "bearerd.service").strip().splitlines()[-1]
    print("  ", score.encode("ascii", "ignore").decode().strip())


@check("a wrong configuration is not tried again, and waiting clients are told in the end")
def wrong_configuration():
    expect(run("systemctl", "start", "bearerd.service").returncode != 0, "started without an issuer")
    expect_equal(show("ExecMainStatus"), "78", "exit status")
    expect_equal(show("NRestarts"), "0", "restarts")
    expect_equal(state("bearerd.socket"), "active", "the socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.settimeout(30)
        stream.connect(SOCKET)
        with contextlib.suppress(ConnectionResetError):
            expect_equal(stream.recv(1), b"", "reply")
    until("the socket unit gives up", lambda: state("bearerd.socket") == "failed")
    must("systemctl", "reset-failed", "bearerd.socket", "bearerd.service")


# Readiness and requests


@check("the unit is active only when every issuer's keys are there", always=True)
def readiness():
    configure(top='ready_wait = "60s"')
    must("systemctl", "enable", "--quiet", "bearerd.socket", "bearerd.service")
    must("systemctl", "start", "bearerd.socket")
    must("systemctl", "start", "--no-block", "bearerd.service")
    # It listens and answers, but has no keys: the issuer is down.
    reply = ask({"op": "ping"})
    expect_equal((reply["ok"], reply["ready"]), (True, False), "ping")
    expect_equal(state(), "activating", "before the issuer is up")
    start_issuer()
    until("bearerd.service is active", lambda: state() == "active", seconds=60)
    expect_equal(ask({"op": "ping"})["ready"], True, "ready")
    expect_equal(verdict(mint()), "ok", "a good token")
    expect_equal(verdict(mint("--forge")), "bad_signature", "a forged token")
    expect("dev" in show("StatusText"), "STATUS=", show("StatusText"))
    print("   Status:", show("StatusText"))


@check("after ready_wait the unit is active without keys, and says so")
def readiness_at_the_latest():
    stop_issuer()
    must("systemctl", "stop", "bearerd.socket")
    shutil.rmtree(STATE)
    configure(top='ready_wait = "1s"')
    try:
        must("systemctl", "start", "bearerd.service")
        expect_equal(state(), "active", "the unit")
        expect_equal(ask({"op": "ping"})["ready"], False, "ready")
        expect_equal(run("bearerd", "ping", "--ready").returncode, 75, "bearerd ping --ready")
        expect("connect_failed" in show("StatusText"), show("StatusText"))
    finally:
        start_issuer()
        configure()
    until("keys come in all the same", lambda: ask({"op": "ping"})["ready"], seconds=60)


@check("with 500 issuers, of which one answers, the unit starts within ready_wait; it stays small, and systemd shows the rest")
def many_issuers():
    must("systemctl", "stop", "bearerd.socket", "bearerd.service")
    shutil.rmtree(STATE)
    # Half refuse connections, half accept them and say nothing, not even the beginning of TLS.
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        origins = ("http://127.0.0.1:1", f"https://127.0.0.1:{silent.getsockname()[1]}")
        others = "".join(
            f'[issuer.other-{number}]\nurl = "https://other-{number}.example"\ntimeout = "1s"\n'
            f'jwks_uri = "{origins[number % 2]}/{number}"\n'
            for number in range(499))
        configure(top='ready_wait = "5s"', extra=f'issuers = ["dev"]\n{others}')
        must("systemctl", "start", "bearerd.service")
        expect_equal(state(), "active", "the unit")
        until("keys of the one that answers", lambda: verdict(mint()) == "ok")
        text = show("StatusText")
        expect(len(text.encode()) <= 2048 and "other-" in text, "STATUS=", text)
        status = pathlib.Path(f"/proc/{main_pid()}/status").read_text()
        memory, threads = (int(status.split(f"{name}:")[1].split()[0]) for name in ("VmHWM", "Threads"))
        print(f"   500 issuers: at most {memory / 1024:.1f} MiB, {threads} threads")
        expect(memory <= 96 * 1024 and threads <= 40, memory, "kB,", threads, "threads")
        expect_equal(show("NRestarts"), "0", "restarts")
    must("systemctl", "stop", "bearerd.socket", "bearerd.service")
    configure()
    must("systemctl", "start", "bearerd.service")


@check("the socket belongs to the daemon and its group, and to nobody else")
def socket_permissions():
    status = os.stat(SOCKET)
    expect_equal(stat.S_IMODE(status.st_mode), 0o660, "mode")
    expect_equal(pwd.getpwuid(status.st_uid).pw_name, "bearerd", "owner")
    expect_equal(grp.getgrgid(status.st_gid).gr_name, "bearerd", "group")
    as_nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
    expect(run(*as_nobody, "bearerd", "ping").returncode in (69, 77), "nobody was let in")
    in_group = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--groups=bearerd")
    must(*in_group, "bearerd", "ping")


@check("the process has no right, no capability and no way to write but to its state")
def confinement():
    lines = pathlib.Path(f"/proc/{main_pid()}/status").read_text().splitlines()
    facts = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    expect_equal(facts["NoNewPrivs"], "1", "NoNewPrivs")
    expect_equal(facts["Seccomp"], "2", "Seccomp")
    for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
        expect_equal(int(facts[name], 16), 0, name)
    expect_equal(facts["Uid"].split()[0], str(pwd.getpwnam("bearerd").pw_uid), "uid")
    limits = pathlib.Path(f"/proc/{main_pid()}/limits").read_text()
    expect("Max core file size        0                    0" in limits, limits)
    # As root, so that nothing but the mounts is in the way.
    places = (
        "/", "/etc", "/usr", "/usr/lib", "/usr/bin", "/var", "/run", "/run/lock", "/run/bearerd", "/dev", "/dev/shm",
        "/dev/mqueue", "/sys", "/tmp", "/var/tmp", "/home", str(STATE),
    )
    expect_equal(writable(main_pid(), places), {"/tmp", "/var/tmp", str(STATE)}, "writable")
    mounts = [line.split() for line in pathlib.Path(f"/proc/{main_pid()}/mounts").read_text().splitlines()]
    # The last mount at a path is the one that counts.
    options = {mount[1]: mount[3].split(",") for mount in mounts}
    for path in ("/tmp", "/var/tmp", str(STATE)):
        expect("noexec" in options[path], path, options[path])


def writable(pid, places):
    """Those of the directories in which the process's mounts let files be made."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        found = []
        try:
            # setns(2) into the mount namespace, which one who shares a file system root may not.
            libc = ctypes.CDLL(None, use_errno=True)
            namespace = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
            if libc.unshare(0x200) != 0 or libc.setns(namespace, 0x20000) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            for place in places:
                with contextlib.suppress(OSError):
                    path = os.path.join(place, "bearerd-check")
                    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
                    os.unlink(path)
                    found.append(place)
            os.write(write, json.dumps(found).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as result:
        text = result.read()
    os.waitpid(child, 0)
    return set(json.loads(text))


# Reload


@check("reload takes a sound file, and refuses a faulty one for all to see")
def reload():
    pid = main_pid()
    configure('[policy.second]\naudiences = ["second"]')
    must("systemctl", "reload", "bearerd.service")
    expect("second" in ask({"op": "status"})["policies"], "when systemctl reload returns, the new policy is in force")

    configure('[policy.third]\naudiences = []')
    expect(run("systemctl", "reload", "bearerd.service").returncode != 0, "systemctl reload fails")
    until("the refusal is in STATUS=", lambda: "refused" in show("StatusText"))
    status = ask({"op": "status"})
    expect("third" not in status["reload_fault"], "the fault's words on the ordinary socket", status)
    expect("third" in json.loads(must("bearerd", "status"))["reload_fault"], "bearerd status, as root")
    expect("second" in status["policies"] and "third" not in status["policies"], status["policies"])
    expect_equal(verdict(mint()), "ok", "a good token meanwhile")
    faults = [e for e in journal() if "refused" in str(e.get("MESSAGE")) and "third" in json.dumps(e)]
    expect(faults, "the refusal is not in the journal")

    configure()
    must("systemctl", "reload", "bearerd.service")
    until("the fault is forgotten", lambda: "reload_fault" not in ask({"op": "status"}))
    expect("refused" not in show("StatusText"), show("StatusText"))
    expect_equal(main_pid(), pid, "the process")
    expect_equal(state(), "active", "the unit")


@check("the socket for administrators is root's and the daemon's own, whatever group a user is in")
def administrators():
    status = os.stat(ADMIN_SOCKET)
    expect_equal((stat.S_IMODE(status.st_mode), pwd.getpwuid(status.st_uid).pw_name), (0o600, "bearerd"), ADMIN_SOCKET)
    expect_equal(stat.S_IMODE(os.stat(os.path.dirname(ADMIN_SOCKET)).st_mode), 0o700, "its directory")
    result = run("bearerd", "reload", user="nobody", group="nogroup", extra_groups=["bearerd"])
    expect_equal(result.returncode, 77, f"reload as another user: {result.stderr}")
    expect_equal(ask({"op": "reload"})["error"]["code"], "not_permitted", "reload on the ordinary socket, as root")


# Restarts


@check("kill -9 under load loses no request")
def kill_under_load():
    with Load(mint()) as load:
        for _ in range(4):
            pid = main_pid()
            os.kill(pid, signal.SIGKILL)
            restarted(pid)
            load.progress()
    load.expect_no_loss()


@check("systemctl restart under load loses no request")
def restart_under_load():
    with Load(mint()) as load:
        for _ in range(4):
            pid = main_pid()
            must("systemctl", "restart", "bearerd.service")
            restarted(pid)
            load.progress()
    load.expect_no_loss()
    expect_equal(show("Result"), "success", "result")


@check("an upgrade of the package under load loses no request, and keeps the configuration")
def upgrade_under_load():
    before = CONFIGURATION.read_text()
    with Load(mint()) as load:
        pid = main_pid()
        inode = os.stat(SOCKET).st_ino
        must("dpkg", "--install", *PACKAGES)
        restarted(pid)
        load.progress()
    load.expect_no_loss()
    expect_equal(os.stat(SOCKET).st_ino, inode, "the socket's inode")
    expect_equal(CONFIGURATION.read_text(), before, "the configuration")
    expect_equal(run("systemctl", "is-enabled", "bearerd.socket").stdout.strip(), "enabled", "the socket")


@check("a stop of the service leaves the socket; the next request starts it; a stop of the socket ends both")
def stop_and_activation():
    inode = os.stat(SOCKET).st_ino
    pid = main_pid()
    must("systemctl", "stop", "bearerd.service")
    expect_equal(state(), "inactive", "the service")
    expect_equal(os.stat(SOCKET).st_ino, inode, "the socket's inode")
    expect_equal(verdict(mint()), "ok", "a request to the stopped service")
    restarted(pid)
    must("systemctl", "stop", "bearerd.socket")
    expect_equal(state(), "inactive", "the service")
    expect(not os.path.exists(SOCKET), "the socket's file is left")
    must("systemctl", "start", "bearerd.service")
    expect_equal(state("bearerd.socket"), "active", "the socket")
    must("systemctl", "restart", "bearerd.socket")
    expect_equal(verdict(mint()), "ok", "after a restart of the socket")


# Watchdog


@check("a stopped process, and each stopped event loop, leads to a restart by the watchdog")
def watchdog():
    with drop_in("[Service]\nWatchdogSec=3s\nTimeoutAbortSec=3s\n"):
        must("systemctl", "restart", "bearerd.service")

        def restarts_after(what, stop):
            pid, count = main_pid(), int(show("NRestarts"))
            reap = stop(pid) or (lambda: None)

            def noticed():
                reap()
                return int(show("NRestarts")) > count

            until(f"{what}: the watchdog notices", noticed, seconds=20)
            restarted(pid)
            expect_equal(verdict(mint()), "ok", f"a good token after: {what}")
            print(f"   {what}: restarted")

        restarts_after("the whole process stopped", lambda pid: os.kill(pid, signal.SIGSTOP))
        loops = event_loops(main_pid())
        for kind in ("bearerd-loop-", "NIO-ELT"):
            expect(any(name.startswith(kind) for name in loops), f"no event loop is named {kind}: {sorted(loops)}")
        for name in sorted(loops):
            restarts_after(f"event loop {name} stopped", lambda pid, n=name: StoppedThread(event_loops(pid)[n]).reap)
        # Nothing is wrong now, and nothing is restarted. A path in the configuration does not count beside the socket
        # that was passed in, for the watchdog's own ping neither.
        configure(top='socket = "/run/elsewhere/bearerd.sock"')
        must("systemctl", "restart", "bearerd.service")
        configure()
        pid, watched = main_pid(), time.monotonic() + 7
        until("two intervals pass", lambda: time.monotonic() > watched)
        expect_equal(main_pid(), pid, "the process after two quiet intervals")
    must("systemctl", "restart", "bearerd.service")


@check("clients that hold every connection get the daemon restarted by nobody, and it answers once they let go")
def descriptors():
    with drop_in("[Service]\nWatchdogSec=3s\nTimeoutAbortSec=3s\nLimitNOFILE=48\n"):
        must("systemctl", "restart", "bearerd.service")
        pid, count = main_pid(), int(show("NRestarts"))
        idle = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(64)]
        try:
            for stream in idle:
                stream.connect(SOCKET)
            watched = time.monotonic() + 7
            until("two intervals pass", lambda: time.monotonic() > watched)
            expect_equal((main_pid(), int(show("NRestarts"))), (pid, count), "the process after two intervals")
        finally:
            for stream in idle:
                stream.close()
        token = mint()
        until("a good token is ok again", lambda: verdict(token) == "ok")
    must("systemctl", "restart", "bearerd.service")


def event_loops(pid):
    """The threads of a process that are event loops, by name."""
    paths = pathlib.Path(f"/proc/{pid}/task").glob("*/comm")
    threads = {path.read_text().strip(): int(path.parent.name) for path in paths}
    return {name: thread for name, thread in threads.items() if name.startswith(("bearerd-loop-", "NIO-ELT"))}


# State


@check("with the provider gone, a start has the keys that were kept in the state directory")
def snapshot():
    token = mint()
    expect_equal(verdict(token), "ok", "before")
    status = os.stat(STATE)
    expect_equal((stat.S_IMODE(status.st_mode), pwd.getpwuid(status.st_uid).pw_name), (0o700, "bearerd"), str(STATE))
    kept = [path for path in STATE.iterdir() if path.is_file()]
    expect(kept, "no snapshot in", STATE)
    for path in kept:
        expect_equal(stat.S_IMODE(path.stat().st_mode), 0o600, str(path))
    stop_issuer()
    try:
        must("systemctl", "restart", "bearerd.service")
        expect_equal(verdict(token), "ok", "a good token with the provider gone")
        expect_equal(ask({"op": "ping"})["ready"], True, "ready")
    finally:
        start_issuer()


# Journal


@check("the journal has the daemon's lines with priorities and fields, and never a token")
def journal_fields():
    stop_issuer()
    token = mint()
    must("systemctl", "stop", "bearerd.socket")
    shutil.rmtree(STATE)
    configure(top='ready_wait = "1s"')
    must("systemctl", "start", "bearerd.service")
    configure()
    expect_equal(verdict(token), "keys_unavailable", "without keys")
    start_issuer()
    until("keys come in", lambda: ask({"op": "ping"})["ready"], seconds=60)
    entries = [e for e in journal() if e.get("_COMM") == "bearerd"]
    expect(entries, "nothing in the journal")
    priorities = {e.get("PRIORITY") for e in entries}
    expect({"4", "5"} <= priorities, "priorities", priorities)
    expect(any(e.get("BEARERD_ISSUER") == "dev" for e in entries), "no entry has BEARERD_ISSUER=dev")
    text = must("journalctl", "--boot", "--output", "export", "--all")
    for part in token.split("."):
        expect(part not in text, "a part of a token is in the journal")


# Secrets


@check("a client's private key comes as a credential, which only the daemon can read")
def credential():
    shown = "/run/credentials/bearerd.service/client-key.pem"
    private = pathlib.Path("/etc/bearerd/private")
    private.mkdir(mode=0o700)
    try:
        must(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=client", "-days", "1",
            "-keyout", str(private / "client-key.pem"), "-out", "/etc/bearerd/client.pem",
        )
        os.chmod(private / "client-key.pem", 0o600)
        configure(issuer=f'client_certificate = "/etc/bearerd/client.pem"\nclient_key = "{shown}"')
        with drop_in(pathlib.Path("/usr/share/bearerd/systemd/client-key.conf").read_text()):
            must("systemctl", "restart", "bearerd.service")
            expect_equal(verdict(mint()), "ok", "a good token")
            expect_equal(ask({"op": "status"})["issuers"][0]["failures"], 0, "failed fetches")
            as_nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--groups=bearerd")
            expect(run(*as_nobody, "cat", shown).returncode != 0, "the group can read the key")
    finally:
        configure()
        shutil.rmtree(private)
        pathlib.Path("/etc/bearerd/client.pem").unlink(missing_ok=True)
    must("systemctl", "restart", "bearerd.service")


# Instances


@check("an instance runs beside, without any network, on keys from a file")
def instance():
    unit, path = "bearerd@one.service", "/run/bearerd/one/bearerd.sock"
    keys = pathlib.Path("/etc/bearerd/one.json")
    keys.write_text(must("bearerd-dev-issuer", "jwks", "--keys", KEYS))
    file = pathlib.Path("/etc/bearerd/one.toml")
    configure(issuer=f'jwks_file = "{keys}"', path=file)
    offline = pathlib.Path("/usr/share/bearerd/systemd/offline.conf").read_text() + "[Service]\nWatchdogSec=3s\n"
    try:
        with drop_in(offline, directory=pathlib.Path("/etc/systemd/system/bearerd@.service.d")):
            must("systemctl", "enable", "--quiet", "--now", "bearerd@one.socket", unit)
            expect_equal(verdict(mint(), path), "ok", "a good token")
            links = must("nsenter", "--target", str(main_pid(unit)), "--net", "cat", "/proc/net/route")
            expect_equal(len(links.splitlines()), 1, "routes of the instance")
            expect_equal(stat.S_IMODE(os.stat(path).st_mode), 0o660, "mode of its socket")
            pid, watched = main_pid(unit), time.monotonic() + 7
            until("two intervals of the watchdog pass", lambda: time.monotonic() > watched)
            expect_equal(main_pid(unit), pid, "the process after two intervals")
            expect_equal(verdict(mint()), "ok", "the other daemon meanwhile")
    finally:
        run("systemctl", "disable", "--quiet", "--now", "bearerd@one.socket", unit)
        file.unlink()
        keys.unlink()


# Removal


@check("remove keeps configuration and state; purge leaves nothing but the user", always=True)
def removal():
    stop_issuer()
    run("systemctl", "enable", "--quiet", "bearerd@two.socket")
    must("dpkg", "--remove", "bearerd", "bearerd-dev-issuer")
    expect(not os.path.exists(SOCKET), "the socket's file is left")
    expect(CONFIGURATION.exists(), "the configuration is gone")
    expect(STATE.exists(), "the state is gone")
    expect_equal(show("LoadState"), "not-found", "bearerd.service")

    # Installed anew, it goes on as it was.
    must("dpkg", "--install", *PACKAGES)
    until("bearerd.service is active", lambda: state() == "active")

    must("dpkg", "--purge", "bearerd", "bearerd-dev-issuer")
    left = files() - BEFORE
    expect(not left, "left after purge:", sorted(left))
    gone = BEFORE - files()
    expect(not gone, "gone after purge:", sorted(gone))
    expect_equal(run("pgrep", "--exact", "bearerd").stdout, "", "processes")
    pwd.getpwnam("bearerd")


@check("on a host that is configured already, the installation is the one step")
def one_step():
    CONFIGURATION.parent.mkdir()
    configure(top='ready_wait = "1s"')
    must("dpkg", "--force-confold", "--install", *PACKAGES)
    expect_equal((state(), state("bearerd.socket")), ("active", "active"), "units")
    for unit in ("bearerd.service", "bearerd.socket"):
        expect_equal(run("systemctl", "is-enabled", unit).stdout.strip(), "enabled", unit)
    must("dpkg", "--purge", "bearerd", "bearerd-dev-issuer")
    expect(not CONFIGURATION.exists(), "the configuration is left after purge")


def main():
    chosen = [c for c in CHECKS if c[2] or not sys.argv[1:] or any(word in c[1].__name__ for word in sys.argv[1:])]
    for sentence, function, _ in chosen:
        start = time.monotonic()
        try:
            function()
        except Exception as error:  # Told with its name, and the journal after it.
            print(f"FAILED {function.__name__}: {sentence}\n   {type(error).__name__}: {error}", flush=True)
            return 1
        print(f"ok  {sentence} ({time.monotonic() - start:.1f} s)", flush=True)
    return 0


sys.exit(main())
