"""The example against the real daemon and the development issuer."""

import asyncio
import os
import pathlib
import re
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "python")]

import app as example
import running
from bearerd_asyncio import AsyncBearerd


class GuardedPaths(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.keys = cls.directory + "/keys"
        cls.issuer = cls.enterClassContext(running.development_issuer(cls.keys))

    def setUp(self):
        self.daemon = self.enterContext(self.start_daemon())
        # The same client, at another socket.
        example.daemon.__init__(self.daemon.socket_path)
        self.addCleanup(example.daemon.close)
        self.client = example.app.test_client()

    def start_daemon(self):
        return running.Daemon(self.directory, "--issuer", self.issuer, "--audience", self.issuer)

    def get(self, path, *mint_arguments, method="GET"):
        token = running.mint(self.keys, *mint_arguments)
        return self.client.open(path, method=method, headers={"Authorization": "Bearer " + token})

    def assert_refused(self, response, status, code, challenge):
        self.assertEqual(response.status_code, status)
        self.assertEqual(response.get_json(), {"error": code})
        self.assertRegex(response.headers["WWW-Authenticate"], challenge)

    def test_a_good_token_is_let_through_with_its_claims(self):
        response = self.get("/me", "--subject", "ann")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.get_json(), {"issuer": self.issuer, "subject": "ann"})

    def test_without_a_token_the_challenge_is_bare(self):
        response = self.client.get("/me")
        self.assert_refused(response, 401, "missing_token", r"^Bearer\b")
        self.assertNotIn("error=", response.headers["WWW-Authenticate"])

    def test_another_scheme_counts_as_no_token(self):
        response = self.client.get("/me", headers={"Authorization": "Basic YTpi"})
        self.assert_refused(response, 401, "missing_token", r"^Bearer\b")
        self.assertNotIn("error=", response.headers["WWW-Authenticate"])

    def test_an_expired_token_is_refused(self):
        self.assert_refused(self.get("/me", "--expired"), 401, "expired", r'^Bearer .*error="invalid_token"')

    def test_a_forged_token_is_refused(self):
        self.assert_refused(self.get("/me", "--forge"), 401, "bad_signature", r'error="invalid_token"')

    def test_a_token_for_another_audience_is_refused(self):
        response = self.get("/me", "--audience", "https://other.example")
        self.assert_refused(response, 401, "wrong_audience", r'error="invalid_token"')

    def test_an_id_token_is_no_access_token(self):
        response = self.get("/me", "--type", "id", "--audience", self.issuer)
        self.assert_refused(response, 401, "wrong_type", r'error="invalid_token"')

    def test_garbage_is_refused(self):
        response = self.client.get("/me", headers={"Authorization": "Bearer a.b"})
        self.assert_refused(response, 401, "malformed_token", r'error="invalid_token"')

    def test_the_scope_of_a_path_is_needed(self):
        response = self.get("/orders")
        self.assert_refused(response, 403, "insufficient_scope", r'error="insufficient_scope"')
        self.assertRegex(response.headers["WWW-Authenticate"], r'scope="orders:read"')
        self.assertEqual(self.get("/orders", "--scope", "openid orders:read").status_code, 200)

    def test_an_old_login_is_challenged_to_step_up(self):
        delete = "/account/delete"
        self.assertEqual(self.get(delete, "--auth-time", "1m", method="POST").get_json(), {"deleted": "dev-user"})
        response = self.get(delete, "--auth-time", "10m", method="POST")
        self.assert_refused(
            response, 401, "insufficient_user_authentication", r'error="insufficient_user_authentication"')
        self.assertRegex(response.headers["WWW-Authenticate"], r'max_age="?300\b')
        absent = self.get(delete, "--without", "auth_time", method="POST")
        self.assert_refused(absent, 401, "insufficient_user_authentication", r"max_age")

    def test_without_the_daemon_nobody_is_let_through_until_it_is_back(self):
        self.assertEqual(self.get("/me").status_code, 200)
        self.assertEqual(self.daemon.stop(), 0)
        response = self.get("/me")
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.get_json(), {"error": "unavailable"})
        with self.start_daemon():
            self.assertEqual(self.get("/me").status_code, 200)

    def test_the_socket_of_another_user_than_the_one_expected_is_asked_nothing(self):
        for expected, status in ((os.geteuid() + 1, 503), (os.geteuid(), 200)):
            example.daemon.__init__(self.daemon.socket_path, server_uid=expected)
            self.assertEqual(self.get("/me").status_code, status)
            authorization = "Bearer " + running.mint(self.keys)
            verdict = AsyncBearerd(self.daemon.socket_path, server_uid=expected).verify(authorization)
            self.assertEqual(asyncio.run(verdict).status, status)

    def test_a_restart_between_two_requests_is_not_noticed(self):
        self.assertEqual(self.get("/me").status_code, 200)
        self.daemon.stop()
        with self.start_daemon():
            self.assertEqual(self.get("/me").status_code, 200)


if __name__ == "__main__":
    unittest.main()
