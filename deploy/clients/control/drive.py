"""What a hurried programmer writes: one kept socket, no ids, one recv, truthiness. It must fail the suite."""

import json
import os
import socket
import sys

stream = None
for line in sys.stdin:
    request = json.loads(line)
    try:
        if stream is None:
            stream = socket.socket(socket.AF_UNIX)
            stream.settimeout(int(os.environ["BEARERD_TIMEOUT_MS"]) / 1000)
            stream.connect(os.environ["BEARERD_SOCKET"])
        stream.sendall(json.dumps({"op": "verify", "id": 1, **request}).encode() + b"\n")
        reply = json.loads(stream.recv(65536))
        ok = bool(reply["ok"])
        answer = {"ok": ok, "status": 200 if ok else reply["error"]["status"], "subject": reply["claims"]["sub"] if ok else None}
    except Exception:
        answer = {"ok": False, "status": 503, "subject": None}
    print(json.dumps(answer), flush=True)
