"""The client against a daemon that lies, breaks off or says nothing: every such answer must be a no."""

import json
import pathlib
import socket
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from bearerd import Bearerd


class FailsClosed(unittest.TestCase):
    def setUp(self):
        directory = self.enterContext(tempfile.TemporaryDirectory())
        self.path = directory + "/bearerd.sock"
        self.listener = self.enterContext(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        self.listener.bind(self.path)
        self.listener.listen()

    def verify_with(self, reply, timeout=30.0, **requirements):
        """Asks a daemon that answers each request with reply(request), and gives the verdict and the requests."""
        requests = []

        def serve():
            stream, _ = self.listener.accept()
            with stream, stream.makefile("rb") as lines:
                for line in lines:
                    requests.append(json.loads(line))
                    answer = reply(requests[-1])
                    if answer is None:
                        return
                    stream.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        client = Bearerd(self.path, timeout=timeout)
        try:
            return client.verify("Bearer x", **requirements), requests
        finally:
            client._close()
            server.join()

    def with_id(self, **members):
        return lambda request: json.dumps({"id": request["id"], **members}).encode() + b"\n"

    def assert_unavailable(self, verdict):
        self.assertIs(verdict.ok, False)
        self.assertIsNone(verdict.claims)
        self.assertEqual((verdict.code, verdict.status), ("unavailable", 503))

    def test_a_plain_yes_is_a_yes(self):
        verdict, requests = self.verify_with(self.with_id(ok=True, claims={"sub": "ann"}), scope="a", max_age=None)
        self.assertIs(verdict.ok, True)
        self.assertEqual(verdict.claims, {"sub": "ann"})
        del requests[0]["id"]
        self.assertEqual(requests, [{"op": "verify", "authorization": "Bearer x", "scope": "a"}])

    def test_a_no_comes_with_status_and_challenge(self):
        error = {"code": "expired", "status": 401, "www_authenticate": "Bearer", "retry_after_ms": 5}
        verdict, _ = self.verify_with(self.with_id(ok=False, error=error))
        self.assertIs(verdict.ok, False)
        self.assertEqual((verdict.code, verdict.status, verdict.www_authenticate, verdict.retry_after_ms),
                         ("expired", 401, "Bearer", 5))

    def test_a_no_with_a_senseless_status_is_503(self):
        for status in (200, "401", None, True, 4010):
            with self.subTest(status=status):
                verdict, _ = self.verify_with(self.with_id(ok=False, error={"code": "expired", "status": status}))
                self.assertIs(verdict.ok, False)
                self.assertEqual(verdict.status, 503)

    def test_what_only_looks_like_a_yes_is_a_no(self):
        claims = {"sub": "ann"}
        replies = {
            "ok is 1": self.with_id(ok=1, claims=claims),
            "ok is a string": self.with_id(ok="true", claims=claims),
            "ok is missing": self.with_id(claims=claims),
            "no claims": self.with_id(ok=True),
            "claims are a list": self.with_id(ok=True, claims=[claims]),
            "another's id": lambda _: b'{"id":"0.0","ok":true,"claims":{}}\n',
            "no id": lambda _: b'{"ok":true,"claims":{}}\n',
            "a list": lambda _: b'[{"ok":true,"claims":{}}]\n',
            "not JSON": lambda _: b"HTTP/1.1 200 OK\n",
            "not UTF-8": lambda _: b"\xff\xfe\n",
            "nested without end": lambda _: b"[" * 100_000 + b"\n",
            "an error that is none": self.with_id(ok=False, error="expired"),
        }
        for name, reply in replies.items():
            with self.subTest(name):
                verdict, _ = self.verify_with(reply)
                self.assert_unavailable(verdict)

    def test_a_connection_that_ends_is_a_no(self):
        self.assert_unavailable(self.verify_with(lambda _: None)[0])

    def test_silence_is_a_no(self):
        self.assert_unavailable(self.verify_with(lambda _: b"", timeout=0.05)[0])

    def test_half_a_reply_is_a_no(self):
        verdict, _ = self.verify_with(lambda request: self.with_id(ok=True, claims={})(request)[:-1], timeout=0.05)
        self.assert_unavailable(verdict)

    def test_no_daemon_is_a_no(self):
        self.assert_unavailable(Bearerd(self.path + ".missing").verify("Bearer x"))

    def test_after_silence_the_late_reply_is_not_taken_for_the_next(self):
        client = Bearerd(self.path, timeout=0.05)
        self.assert_unavailable(client.verify("Bearer x"))
        first, _ = self.listener.accept()
        with first:
            # The client closed this connection, so that nothing sent on it can be read as a verdict.
            self.assertTrue(first.recv(65536).endswith(b"\n"))
            self.assertEqual(first.recv(65536), b"")

    def test_a_connection_is_used_again(self):
        client = Bearerd(self.path)
        accepted = []

        def serve():
            stream, _ = self.listener.accept()
            accepted.append(stream)
            with stream, stream.makefile("rb") as lines:
                for line in lines:
                    stream.sendall(self.with_id(ok=True, claims={})(json.loads(line)))

        server = threading.Thread(target=serve)
        server.start()
        self.assertTrue(client.verify("Bearer x").ok)
        self.assertTrue(client.verify("Bearer y").ok)
        client._close()
        server.join()
        self.assertEqual(len(accepted), 1)


if __name__ == "__main__":
    unittest.main()
