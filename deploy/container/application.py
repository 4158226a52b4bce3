"""An image of the example application, for the tests: Debian's Python, app.py and the Python client."""

import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import image

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = (ROOT / "deploy" / "kubernetes" / "example" / "app.py", ROOT / "deploy" / "clients" / "python" / "bearerd.py")
# What these import, the standard library itself included; its modules for terminals, databases and windows are not needed.
LIBRARIES = ("base-files", "libc6", "libexpat1", "zlib1g")


def write(directory):
    """Writes the image's layout and archive; the archive."""
    downloads = directory.with_name(directory.name + ".packages")
    downloads.mkdir()
    depends = subprocess.run(["apt-cache", "depends", "python3-minimal"], check=True, capture_output=True, text=True)
    python = re.search(r"Depends: (python3\.\d+)-minimal", depends.stdout).group(1)
    names = [*LIBRARIES, f"{python}-minimal", f"lib{python}-minimal", f"lib{python}-stdlib"]
    subprocess.run(["apt-get", "--quiet", "--quiet", "download", *names], check=True, cwd=downloads, capture_output=True)
    packages = sorted(downloads.glob("*.deb"))
    system = image.system_layer([package for package in packages if "python" not in package.name], 65532, "bearerd")
    own = image.Layer()
    for package in packages:
        if "python" in package.name:
            own.package(package, programs=[python])
    for path in FILES:
        own.file(f"app/{path.name}", path.read_bytes())
    own.entries["usr/bin/python"] = image.Entry(0o777, target=python)
    config = {
        "User": "1000:1000", "Entrypoint": ["/usr/bin/python", "-B", "/app/app.py"], "WorkingDir": "/app",
        "Env": ["PATH=/usr/bin"],
    }
    layout = image.Layout()
    architecture = image.field(packages[0], "Architecture")
    layout.image([(system, "Debian"), (own, "application")], architecture, "1970-01-01T00:00:00Z", config, {}, "orders:1")
    layout.write(directory)
    return directory.with_name(directory.name + ".tar")


def asking(token, path="/orders"):
    """The command that asks the application, from inside its container; it prints the status and the body."""
    program = (
        "import http.client,sys;c=http.client.HTTPConnection('127.0.0.1',8080,timeout=20);"
        "c.request('GET',sys.argv[1],headers={'Authorization':'Bearer '+sys.argv[2]});r=c.getresponse();"
        "print(r.status,r.read().decode())"
    )
    return ["/usr/bin/python", "-c", program, path, token]
