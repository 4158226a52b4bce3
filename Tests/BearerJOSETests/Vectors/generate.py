#!/usr/bin/env python3
"""Writes the vectors: tokens, key sets, policies and issuers, and removes files that no case makes any more.

    ./generate.py           write
    ./generate.py --check   write nothing; fail if a file would change

Needs Python 3.11 and the package `cryptography` 42 or later over OpenSSL 3.2 or later (RFC 6979). Given the same keys
every byte is the same on every run: see minting.py for how PSS and ECDSA are kept still. Keys are made when missing,
so deleting one changes every vector that it signs.
"""

import argparse
import json
import sys

sys.dont_write_bytecode = True

import cases  # noqa: E402
import keysets  # noqa: E402
import policies  # noqa: E402
from minting import DIRECTORY, NOW  # noqa: E402

ORDER = ["expect", "claim", "reason", "comment", "policy", "keys", "algorithms", "now", "request", "authorization",
         "encoding"]


def escaped(token):
    written = "".join(
        chr(byte) if 0x21 <= byte <= 0x7E and byte != 0x5C else f"\\x{byte:02x}" for byte in token)
    return written


def render(expect, token, comment, policy="access", keys="main", now=NOW, **headers):
    """The text of a vector file: header lines, an empty line, the token, a line feed."""
    fields = {"expect": expect, "comment": comment, "policy": policy, "keys": keys, "now": now, **headers}
    if "request" in fields:
        fields["request"] = json.dumps(fields["request"], separators=(",", ":"))
    body = b""
    if "authorization" in fields:
        assert token is None
        fields["authorization"] = json.dumps(fields["authorization"])
    else:
        body = token.encode() if isinstance(token, str) else token
        if escaped(body) != body.decode("latin-1"):
            fields["encoding"] = "escaped"
            body = escaped(body).encode()
    unknown = set(fields) - set(ORDER)
    assert not unknown, unknown
    lines = [f"{name}: {fields[name]}" for name in ORDER if name in fields]
    assert not any("\n" in line for line in lines)
    return "\n".join(lines).encode() + b"\n\n" + body + b"\n"


def pretty(value):
    return (json.dumps(value, indent=2) + "\n").encode()


def files():
    made = {}
    for name, keys in keysets.KEY_SETS.items():
        made[f"keys/{name}.jwks.json"] = pretty({"keys": keys})
    for name, policy in policies.POLICIES.items():
        made[f"policies/{name}.json"] = pretty(policy)
    made["issuers.json"] = pretty(policies.ISSUERS)

    def add(path, expect, token, comment, **headers):
        path = f"tokens/{path}.vector"
        assert path not in made, path
        assert headers.get("policy", "access") in policies.POLICIES, path
        assert headers.get("keys", "main") in keysets.KEY_SETS, path
        made[path] = render(expect, token, comment, **headers)

    cases.add_all(add)
    return made


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="fail if a file would change")
    check = arguments.parse_args().check
    made = files()
    kept = {path.relative_to(DIRECTORY).as_posix()
            for pattern in ("tokens/**/*.vector", "keys/*.jwks.json", "policies/*.json", "issuers.json")
            for path in DIRECTORY.glob(pattern)}
    changed = [name for name, content in made.items()
               if name not in kept or (DIRECTORY / name).read_bytes() != content]
    gone = sorted(kept - set(made))
    if check:
        for name in changed + gone:
            print(f"differs: {name}", file=sys.stderr)
        return 1 if changed or gone else 0
    for name in changed:
        path = DIRECTORY / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made[name])
    for name in gone:
        (DIRECTORY / name).unlink()
    vectors = sum(name.startswith("tokens/") for name in made)
    print(f"{vectors} vectors; {len(changed)} files written, {len(gone)} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
