"""Podman with runc in a store of its own, for the tests: nothing of the machine's own containers is seen or touched."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]

# What every container here is run with: as in a pod of the restricted kind, and without a network.
CONFINED = ("--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt", "no-new-privileges")


class Skipped(Exception):
    """The machine cannot run containers; says why."""


def expect(holds, *facts):
    if not holds:
        raise AssertionError(" ".join(str(fact) for fact in facts))


def expect_equal(found, expected, what):
    expect(found == expected, f"{what}: found {found!r}, expected {expected!r}")


def until(what, condition, seconds=60):
    """Waits until a condition holds, looking again and again; what it returned."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        expect(time.monotonic() < deadline, f"not within {seconds} s: {what}")
        time.sleep(0.02)
    return value


def install(*packages):
    """Installs what is needed; raises Skipped where that or root is not to be had."""
    if os.geteuid() != 0:
        raise Skipped("containers need root here")
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--net", "--uts", "--ipc", "true"]
    if subprocess.run(namespaces, capture_output=True).returncode != 0:
        raise Skipped("the kernel or the sandbox around gives no namespaces")
    if not any(line.split()[2].startswith("cgroup") for line in pathlib.Path("/proc/mounts").read_text().splitlines()):
        raise Skipped("there are no control groups")
    command = [ROOT / "deploy" / "install-packages", "podman", "runc", *packages]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
        raise Skipped("podman and runc are needed, and cannot be installed")


class Podman:
    """A store, and what runs in it; all of it is gone after the `with` block."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="bearerd-podman.", dir="/var/tmp"))
        settings = self.directory / "containers.conf"
        # Limits of its own: podman asks for more than a sandbox may allow. No journal, no systemd needed.
        settings.write_text(
            '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\nnetns = "none"\n'
            'log_driver = "k8s-file"\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\nruntime = "runc"\n'
        )
        self.environment = os.environ | {"CONTAINERS_CONF": str(settings)}
        self.command = [
            "podman", "--storage-driver", "vfs", "--root", str(self.directory / "root"),
            "--runroot", str(self.directory / "run"), "--tmpdir", str(self.directory / "tmp"),
        ]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run("pod", "rm", "--all", "--force", "--time", "1")
        # A container whose network others use goes only after them, and podman takes them in any order.
        until("no container is left", lambda: self.run("rm", "--all", "--force", "--time", "1").returncode == 0)
        self.run("volume", "rm", "--all", "--force")
        shutil.rmtree(self.directory)

    def run(self, *arguments, stdin=None):
        """Runs podman; its result, whatever it is."""
        command = [*self.command, *(str(argument) for argument in arguments)]
        return subprocess.run(
            command, input=stdin if stdin is not None else "", capture_output=True, text=True, timeout=120,
            env=self.environment,
        )

    def must(self, *arguments, stdin=None):
        """Runs podman, which must succeed; what it printed."""
        result = self.run(*arguments, stdin=stdin)
        expect(result.returncode == 0, "podman", *arguments, "ended with", result.returncode, result.stdout, result.stderr)
        return result.stdout.strip()

    def load(self, archive):
        """Loads an archive of an OCI layout; the image's name."""
        return self.must("load", "--quiet", "--input", archive).split(": ")[-1]

    def inspect(self, name):
        return json.loads(self.must("container", "inspect", name))[0]

    def show(self, *names):
        """The logs of containers, for a failure."""
        for name in names:
            result = self.run("logs", "--tail", "40", name)
            print(f"-- {name}:\n{result.stdout}{result.stderr}", flush=True)


def memory(pid):
    """A process's resident memory in kB: in all, and what no file is behind."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    values = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss") or line.startswith("VmRSS")}
    return int(values["VmRSS"]), int(values["RssAnon"])


def checks(functions):
    """Runs checks in their order; the exit status. A check's documentation says what must hold."""
    for function in functions:
        start = time.monotonic()
        try:
            function()
        except (AssertionError, OSError, subprocess.SubprocessError, LookupError, ValueError) as error:
            print(f"FAILED {function.__name__}: {function.__doc__}\n   {type(error).__name__}: {error}", flush=True)
            return 1
        print(f"ok  {function.__doc__} ({time.monotonic() - start:.1f} s)", flush=True)
    return 0
