"""bearerd asks introspection endpoints that others made: Authlib's, django-oauth-toolkit's and Debian's Glewlwyd."""

import contextlib
import json
import subprocess
import unittest

import cases
import back_ends
import joserfc.jwk
import running
from bearerd import Bearerd

ISSUER = "https://issuer.example"


class BackEndCase(cases.QuietCase):
    """A daemon that trusts several issuers with different ways to the same back-end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuers = []
        key = joserfc.jwk.generate_key("EC", "P-256", {"kid": "1", "use": "sig", "alg": "ES256"})
        (cls.directory / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
        cls.write("secret", back_ends.SECRET)
        cls.write("mistake", "wrong")

    @classmethod
    def issuer(cls, name, endpoint, authentication, policy="", url=None, keys=None):
        """Adds an issuer, and the policy of its name."""
        keys = f'jwks_file = "{cls.directory}/jwks.json"' if keys is None else keys
        cls.issuers.append(f"""
            [issuer.{name}]
            url = "{url or f"https://{name}.example"}"
            {keys}
            key_wait = "20s"
            [issuer.{name}.introspection]
            kind = "rfc7662"
            {f'endpoint = "{endpoint}"' if endpoint else ""}
            {authentication}
            [policy.{name}]
            issuers = ["{name}"]
            {policy or 'opaque = true' + chr(10) + 'audience_check = false'}
            """)

    @classmethod
    def secret(cls, method="client_secret_basic", file="secret", more=""):
        return f"""
            client_auth = "{method}"
            client_id = "{back_ends.ASKER}"
            client_secret_file = "{cls.directory / file}"
            {more}
            """

    @classmethod
    def bearer(cls, name, token):
        cls.write(name, token)
        return f'client_auth = "bearer"\nbearer_token_file = "{cls.directory / name}"'

    @classmethod
    def start(cls):
        file = cls.directory / "bearerd.toml"
        file.write_text("".join(cls.issuers))
        cls.daemon = cls.enterClassContext(running.Daemon(cls.directory, "--config", file, log_level="critical"))
        cls.client = Bearerd(cls.daemon.socket_path, timeout=30)
        cls.addClassCleanup(cls.client.close)

    def ask(self, token, policy, **members):
        return self.client.verify("Bearer " + token, policy=policy, **members)

    def assert_verdicts(self, policy, **expected):
        """Each token's verdict: `ok` or a code; a second time from what is known."""
        for name, code in expected.items():
            for _ in range(2):
                with self.subTest(policy=policy, token=name):
                    verdict = self.ask(self.tokens[name], policy)
                    self.assertEqual(verdict.code or "ok", code)
                    self.assertIs(verdict.ok, code == "ok")

    def status(self, issuer):
        command = [running.BIN / "bearerd", "status", "--socket", self.daemon.socket_path]
        status = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return next(entry for entry in status["issuers"] if entry["issuer"] == issuer)["introspection"]

    def assert_operators_fault(self, issuer, token, code="credentials_refused"):
        """What is wrong with bearerd's own credentials is no word about the token, and `status` names it."""
        verdict = self.ask(token, issuer)
        self.assertEqual((verdict.code, verdict.status), ("introspection_unavailable", 503))
        self.assertEqual(self.status(issuer)["fault"]["code"], code)

    def assert_gone(self, issuer, known, new):
        """The back-end of this issuer has just ended: what is known counts on, and nothing is made up."""
        self.assertIs(self.ask(known, issuer).ok, True)
        self.assertEqual(self.ask(new, issuer).code, "introspection_unavailable")
        self.assertEqual(self.status(issuer)["fault"]["code"], "unreachable")


class Authlib(BackEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        authlib = back_ends.Authlib(ISSUER)
        cls.tokens = authlib.tokens
        cls.going = contextlib.ExitStack()
        cls.addClassCleanup(cls.going.close)
        endpoint = cls.enterClassContext(authlib.serve())
        by_post_only = cls.enterClassContext(back_ends.Authlib(ISSUER, ["client_secret_post"]).serve())
        raw = cls.secret(more='basic_encoding = "raw"')
        strict = 'opaque = true\naudiences = ["web"]\nscopes = ["orders"]\nclients = ["web"]\nrequired_claims = ["sub", "iat"]'
        cls.issuer("raw", endpoint, raw, strict, url=ISSUER)
        cls.issuer("another", endpoint, raw)
        cls.issuer("post", endpoint, cls.secret("client_secret_post"), url=ISSUER + "/")
        cls.issuer("form", endpoint, cls.secret(), strict, url=ISSUER + "///")
        cls.issuer("mistake", endpoint, cls.secret(file="mistake"))
        cls.issuer("mistake_in_form", by_post_only, cls.secret("client_secret_post", "mistake"))
        cls.issuer("gone", cls.going.enter_context(authlib.serve()), raw, url=ISSUER + "//")
        cls.start()

    def test_verdicts(self):
        self.tokens["made_up"] = "made-up"
        self.assert_verdicts(
            "raw", good="ok", revoked="inactive_token", expired="inactive_token", other="inactive_token",
            made_up="inactive_token", refresh="wrong_type")
        claims = self.ask(self.tokens["good"], "raw").claims
        self.assertEqual(
            {name: claims[name] for name in ["sub", "aud", "client_id", "iss", "scope"]},
            {"sub": "ann", "aud": "web", "client_id": "web", "iss": ISSUER, "scope": "orders"})

    def test_what_is_known_is_held_against_what_the_request_adds(self):
        self.assertIs(self.ask(self.tokens["good"], "raw").ok, True)
        self.assertEqual(self.ask(self.tokens["good"], "raw", scope="admin").code, "insufficient_scope")
        self.assertEqual(self.ask(self.tokens["good"], "raw", audience="x").code, "wrong_audience")

    def test_an_answer_of_another_issuer_is_refused_to_the_byte(self):
        self.assert_verdicts("another", good="unknown_issuer", revoked="inactive_token")
        self.assert_verdicts("post", good="unknown_issuer", revoked="inactive_token")

    def test_a_secret_that_is_encoded_is_decoded(self):
        self.assertEqual(self.ask(self.tokens["revoked"], "form").code, "inactive_token")
        self.assertNotIn("fault", self.status("form"))

    def test_wrong_credentials(self):
        for issuer in ["mistake", "mistake_in_form"]:
            self.assert_operators_fault(issuer, self.tokens["good"])

    def test_the_server_goes(self):
        self.going.close()
        self.assertEqual(self.ask(self.tokens["good"], "gone").code, "introspection_unavailable")
        self.assertEqual(self.status("gone")["fault"]["code"], "unreachable")


class DjangoOAuthToolkit(BackEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        django = back_ends.DjangoOAuthToolkit.shared()
        cls.tokens = django.tokens
        cls.going = contextlib.ExitStack()
        cls.addClassCleanup(cls.going.close)
        endpoint = cls.enterClassContext(django.serve())
        lenient = 'opaque = true\naudience_check = false\nscopes = ["orders"]\nclients = ["web"]'
        cls.issuer("basic", endpoint, cls.secret(), lenient)
        cls.issuer("post", endpoint, cls.secret("client_secret_post"), lenient)
        cls.issuer("bearer", endpoint, cls.bearer("token", cls.tokens["asker"]), lenient)
        cls.issuer("strict", endpoint, cls.secret(), 'opaque = true\naudiences = ["https://api.example"]')
        cls.issuer("subject", endpoint, cls.secret(), lenient + '\nrequired_claims = ["sub"]')
        cls.issuer("mistake", endpoint, cls.secret(file="mistake"))
        cls.issuer("powerless", endpoint, cls.bearer("powerless", cls.tokens["powerless"]))
        cls.issuer("gone", cls.going.enter_context(django.serve()), cls.secret())
        cls.start()

    def test_verdicts_however_the_asker_shows_itself(self):
        for policy in ["basic", "post", "bearer"]:
            self.assert_verdicts(
                policy, good="ok", revoked="inactive_token", expired="inactive_token", other="wrong_client",
                resource="ok", asker="wrong_client")

    def test_nothing_is_made_up_that_it_does_not_tell(self):
        claims = self.ask(self.tokens["good"], "basic").claims
        self.assertEqual({name for name in claims}, {"active", "scope", "exp", "client_id", "username"})
        self.assert_verdicts("strict", good="wrong_audience", resource="ok")
        self.assert_verdicts("subject", good="missing_claim")

    def test_wrong_credentials(self):
        for issuer in ["mistake", "powerless"]:
            self.assert_operators_fault(issuer, self.tokens["good"])

    def test_the_server_goes(self):
        self.assertIs(self.ask(self.tokens["good"], "gone").ok, True)
        self.going.close()
        self.assert_gone("gone", known=self.tokens["good"], new=self.tokens["resource"])


@unittest.skipUnless(back_ends.Glewlwyd.PROGRAM.exists(), "there is no Glewlwyd")
class Glewlwyd(BackEndCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.glewlwyd = back_ends.Glewlwyd(cls.directory)
        cls.going = contextlib.ExitStack()
        cls.addClassCleanup(cls.going.close)
        endpoint = cls.going.enter_context(cls.glewlwyd.serve())
        cls.glewlwyd.set_up()
        cls.tokens = cls.glewlwyd.tokens
        raw = cls.secret(more='basic_encoding = "raw"')
        rechecked = 'audiences = ["openid orders"]\nrecheck = "10s"\nrecheck_failure = "refuse"\nopaque = true\nclients = ["web"]'
        # Keys and endpoint by its discovery document.
        cls.issuer("basic", None, raw, rechecked, url=cls.glewlwyd.issuer, keys="")
        cls.issuer("bearer", endpoint, cls.bearer("token", cls.tokens["asker"]))
        cls.issuer("mistake", endpoint, cls.secret(file="mistake"))
        cls.issuer("form", endpoint, cls.secret())
        cls.start()

    def test_its_jwts_are_rechecked_by_the_back_end_that_discovery_names(self):
        self.assert_verdicts("basic", good="ok", revoked="inactive_token", other="wrong_client")
        status = self.status("basic")
        self.assertNotIn("fault", status)

    def test_what_is_active_and_no_access_token_is_refused(self):
        self.assert_verdicts("basic", refresh="wrong_type", id="wrong_type", revoked_refresh="inactive_token")
        self.assert_verdicts("bearer", refresh="wrong_type", revoked_refresh="inactive_token")

    def test_wrong_credentials(self):
        for issuer in ["mistake", "form"]:
            self.assert_operators_fault(issuer, self.tokens["refresh"])

    def test_the_server_goes_and_comes_back(self):
        self.going.close()
        try:
            self.assertEqual(self.ask("made-up", "basic").code, "introspection_unavailable")
            self.assertEqual(self.status("basic")["fault"]["code"], "unreachable")
        finally:
            self.going.enter_context(self.glewlwyd.serve())
        self.assertEqual(self.ask("made-up", "basic").code, "inactive_token")
        self.assertNotIn("fault", self.status("basic"))


if __name__ == "__main__":
    unittest.main()
