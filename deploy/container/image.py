"""Writes OCI images out of Debian packages: a layout directory, and the same as an archive.

Reads the packages' own archives and writes tar streams; nothing is unpacked or run, so no rights are needed. The same
packages and the same time give the same bytes. Python's standard library and dpkg-deb only.
"""

import dataclasses
import gzip
import hashlib
import io
import json
import pathlib
import subprocess
import tarfile

# As in Debian itself: these are links into /usr.
MERGED = ("bin", "lib", "lib64", "sbin")

# What a program reads when it runs, and what its licences want to be beside it. A path that starts with one of DROPPED
# is none of it, and of /usr/bin only what is asked for is.
KEPT = ("etc/debian_version", "etc/host.conf", "etc/ld.so.conf.d/", "usr/lib/", "usr/lib64/", "usr/share/common-licenses/")
DROPPED = ("usr/lib/systemd/", "usr/lib/sysusers.d/", "usr/lib/tmpfiles.d/")
DROPPED_DIRECTORIES = {"audit", "gconv"}

BUNDLE = "etc/ssl/certs/ca-certificates.crt"


@dataclasses.dataclass
class Entry:
    """One file, directory (no content, no target) or symbolic link of a layer."""

    mode: int
    content: bytes | None = None
    target: str | None = None
    user: int = 0
    modified: int = 0


def _merged(name):
    path = name.removeprefix("./").strip("/")
    return "usr/" + path if path.split("/")[0] in MERGED else path


def _kept(path, programs):
    if path.startswith("usr/share/doc/"):
        # A link stands for the whole directory of another package.
        return path.count("/") == 3 or path.count("/") == 4 and path.endswith(("/copyright", ".cdx.json"))
    if path.startswith("usr/bin/"):
        return path.removeprefix("usr/bin/") in programs
    if path.startswith(DROPPED) or DROPPED_DIRECTORIES.intersection(path.split("/")):
        return False
    return path.startswith(KEPT)


def _dpkg(*arguments):
    return subprocess.run(["dpkg-deb", *arguments], check=True, capture_output=True).stdout


def field(package, name):
    """A field of a package's control file."""
    return _dpkg("--field", str(package), name).decode().strip()


class Layer:
    """Files by path; directories above a file come by themselves."""

    def __init__(self):
        self.entries = {}

    def directory(self, path, mode=0o755, user=0):
        self.entries[path] = Entry(mode, user=user)

    def file(self, path, content, mode=0o644):
        self.entries[path] = Entry(mode, content=content if isinstance(content, bytes) else content.encode())

    def package(self, package, programs=()):
        """Adds what a Debian package has for a running program, and its entry in the list that scanners read.

        programs: the names of those in /usr/bin that are wanted.
        """
        certificates = []
        with tarfile.open(fileobj=io.BytesIO(_dpkg("--fsys-tarfile", str(package)))) as archive:
            for member in archive:
                path = _merged(member.name)
                if member.isfile() and path.startswith("usr/share/ca-certificates/"):
                    certificates.append((path, archive.extractfile(member).read()))
                elif member.isdir() or not _kept(path, programs):
                    continue
                elif member.issym():
                    self.entries[path] = Entry(0o777, target=member.linkname, modified=int(member.mtime))
                elif member.islnk():
                    self.entries[path] = self.entries[_merged(member.linkname)]
                else:
                    content = archive.extractfile(member).read()
                    # Never with set-id bits, never writable but by its owner.
                    self.entries[path] = Entry(member.mode & 0o755, content=content, modified=int(member.mtime))
        if certificates:
            self.file(BUNDLE, b"".join(content.rstrip(b"\n") + b"\n" for _, content in sorted(certificates)))
        self.file(f"var/lib/dpkg/status.d/{field(package, 'Package')}", _dpkg("--field", str(package)))

    def tar(self):
        """The layer as a tar stream, sorted, with every directory before what is in it."""
        entries = dict(self.entries)
        for path in self.entries:
            for parent in pathlib.PurePosixPath(path).parents:
                if str(parent) != ".":
                    entries.setdefault(str(parent), Entry(0o755))
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path in sorted(entries):
                entry = entries[path]
                member = tarfile.TarInfo(path)
                member.mode, member.mtime = entry.mode, entry.modified
                member.uid = member.gid = entry.user
                if entry.target is not None:
                    member.type, member.linkname = tarfile.SYMTYPE, entry.target
                elif entry.content is None:
                    member.type = tarfile.DIRTYPE
                else:
                    member.size = len(entry.content)
                archive.addfile(member, io.BytesIO(entry.content or b""))
        return stream.getvalue()


def system_layer(packages, user, name):
    """Debian's libraries, the certificate authorities, and the least of /etc; the same for every release of a program."""
    layer = Layer()
    for path in MERGED:
        layer.entries[path] = Entry(0o777, target=f"usr/{path}")
        layer.directory(f"usr/{path}")
    for package in sorted(packages):
        layer.package(package)
    layer.entries["etc/os-release"] = Entry(0o777, target="../usr/lib/os-release")
    for path in ("dev", "proc", "run", "sys"):
        layer.directory(path)
    layer.directory("tmp", 0o1777)
    layer.file(
        "etc/passwd",
        f"root:x:0:0:root:/:/usr/sbin/nologin\n{name}:x:{user}:{user}:{name}:/:/usr/sbin/nologin\n"
        "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
    )
    layer.file("etc/group", f"root:x:0:\n{name}:x:{user}:\nnogroup:x:65534:\n")
    layer.file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    return layer


class Layout:
    """An OCI image layout with one image (image-spec 1.0)."""

    def __init__(self):
        self.files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def _blob(self, content):
        digest = hashlib.sha256(content).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = content
        return {"digest": f"sha256:{digest}", "size": len(content)}

    def _json(self, value):
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    def image(self, layers, architecture, created, config, labels, reference):
        """Adds the image. layers: pairs of a Layer and what made it; created: RFC 3339; reference: its tag."""
        descriptors, identities, history = [], [], []
        for layer, made_by in layers:
            stream = layer.tar()
            identities.append(f"sha256:{hashlib.sha256(stream).hexdigest()}")
            media_type = "application/vnd.oci.image.layer.v1.tar+gzip"
            descriptors.append({"mediaType": media_type} | self._blob(gzip.compress(stream, 6, mtime=0)))
            history.append({"created": created, "created_by": made_by})
        image = {
            "architecture": architecture, "os": "linux", "created": created, "config": config | {"Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": identities}, "history": history,
        }
        descriptor = {"mediaType": "application/vnd.oci.image.config.v1+json"} | self._blob(self._json(image))
        manifest = {
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": descriptor,
            "layers": descriptors, "annotations": labels,
        }
        entry = {"mediaType": manifest["mediaType"]} | self._blob(self._json(manifest))
        entry |= {
            "platform": {"architecture": architecture, "os": "linux"},
            "annotations": {"org.opencontainers.image.ref.name": reference},
        }
        self.files["index.json"] = self._json({"schemaVersion": 2, "manifests": [entry]})
        return sum(descriptor["size"] for descriptor in descriptors)

    def write(self, directory):
        """Writes the layout to a directory, which is made, and its archive beside it: DIRECTORY.tar."""
        directory = pathlib.Path(directory)
        for path, content in self.files.items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        with tarfile.open(directory.with_name(directory.name + ".tar"), "w", format=tarfile.USTAR_FORMAT) as archive:
            for path in sorted(self.files):
                member = tarfile.TarInfo(path)
                member.size, member.mode = len(self.files[path]), 0o644
                archive.addfile(member, io.BytesIO(self.files[path]))
