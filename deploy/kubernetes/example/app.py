"""An application whose one path is guarded by bearerd. Its image has this file, and bearerd.py of deploy/clients/python."""

import http.server
import json
import signal
import sys

import bearerd

daemon = bearerd.Bearerd()


class Orders(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        verdict = daemon.verify(self.headers.get("Authorization", ""), scope="orders:read")
        answer = {"subject": verdict.claims["sub"], "orders": []} if verdict.ok else {"code": verdict.code}
        body = json.dumps(answer).encode()
        self.send_response(200 if verdict.ok else verdict.status)
        for name, value in {} if verdict.ok else verdict.headers().items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# As process 1 of its container it would ignore the signal otherwise, and every stop of the pod take the whole grace period.
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
http.server.ThreadingHTTPServer(("", 8080), Orders).serve_forever()
