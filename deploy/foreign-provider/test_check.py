"""A stranger's way with providers that others made: `init`, `check`, a daemon, `try`, and what each message says."""

import contextlib
import subprocess
import unittest

import cases
import back_ends
import providers
import running
from bearerd import Bearerd
from test_foreign_provider import segment, with_segment


class CheckCase(cases.QuietCase):
    """A secret, and the commands."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.file = cls.directory / "bearerd.toml"
        cls.write("secret", back_ends.SECRET)

    def run_bearerd(self, *arguments):
        """Exit status and all that is said, with single spaces."""
        done = subprocess.run(
            [running.BIN / "bearerd", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    def assert_said(self, result, status, *words):
        self.assertEqual(result[0], status, result[1])
        for each in words:
            self.assertIn(each, result[1])

    def init(self, url, *options):
        """Has a configuration written; gives what it is, and what was said."""
        self.file.unlink(missing_ok=True)
        result = self.run_bearerd("init", url, "--output", self.file, *options)
        return result, self.file.read_text() if self.file.exists() else None

    def check(self, configuration):
        self.file.write_text(configuration)
        return self.run_bearerd("check", "--config", self.file)

    @contextlib.contextmanager
    def daemon(self, configuration):
        """A running daemon, for which `check` has no fault; gives a way to look at a token, and its verdicts."""
        self.assert_said(self.check(configuration), 0)
        with running.Daemon(self.directory, "--config", self.file, log_level="critical") as daemon:
            with contextlib.closing(Bearerd(daemon.socket_path, timeout=30)) as client:
                yield (
                    lambda token: self.run_bearerd("try", "--socket", daemon.socket_path, token),
                    lambda token: client.verify("Bearer " + token).code or "ok")

    def introspection(self, client_id, *more):
        """The table that asks by client_secret_basic."""
        return "\n".join([
            "[issuer.provider.introspection]", 'kind = "rfc7662"', f'client_id = "{client_id}"',
            f'client_secret_file = "{self.directory / "secret"}"', *more, ""])

    def configuration(self, *issuer, policy=(), table=""):
        """What `init` has written for one audience, with more in each table."""
        lines = [f'[issuer.provider]\nurl = "{self.issuer}"', *issuer, table, "[policy.default]", *policy, ""]
        return "\n".join(lines)

    @staticmethod
    def changed(token):
        return with_segment(token, 1, segment(token, 1) | {"sub": "eve"})


class Canaille(CheckCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        provider = providers.Canaille()
        cls.issuer = cls.enterClassContext(provider.serve())
        cls.tokens = provider.tokens

    def test_it_is_as_it_is_described(self):
        access, identity = (segment(self.tokens[kind], 1) for kind in ["access", "id"])
        self.assertEqual(set(identity) - set(access), {"nonce", "at_hash"})
        self.assertEqual(set(access) - set(identity), set())
        self.assertEqual(segment(self.tokens["access"], 0).keys(), {"typ", "alg", "kid"})

    def test_init_writes_its_name_with_the_slash_and_every_algorithm_that_its_keys_may_be_for(self):
        result, text = self.init(self.issuer.removesuffix("/"))
        self.assert_said(result, 0, "fill in what is marked FILL IN")
        self.assertIn(f'url = "{self.issuer}"', text)
        self.assertIn(f'"{segment(self.tokens["access"], 0)["alg"]}"', text)
        self.assert_said(
            self.check(text), 78, "audiences: empty list", "expected a list with what the tokens have as aud")
        filled = text.replace("audiences = []   # FILL IN", f'audiences = ["{providers.CLIENT}"] #')
        with self.daemon(filled) as (look, verdict):
            for kind in ["access", "id"]:
                self.assert_said(look(self.tokens[kind]), 1, "wrong_type", "say in its access_token_if what tells them")
            self.assert_said(look(self.tokens["machine"]), 1, "opaque_token", "opaque = true in the policy")

    ALGORITHMS = 'algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "Ed25519"]'
    AUDIENCES = f'audiences = ["{providers.CLIENT}"]'

    def test_access_tokens_of_users_and_of_machines(self):
        rule = 'access_token_if = ["!nonce", "!at_hash"]'
        policy = [self.AUDIENCES, "opaque = true"]
        self.assert_said(
            self.check(self.configuration(self.ALGORITHMS, rule, policy=policy)), 78,
            "expected a table [issuer.NAME.introspection]")
        table = self.introspection(providers.CLIENT)
        # What it decodes of the secret is less than RFC 6749 has encoded, and yet enough.
        with self.daemon(self.configuration(self.ALGORITHMS, rule, policy=policy, table=table)) as (look, verdict):
            self.assertEqual(
                [verdict(self.tokens[kind]) for kind in ["access", "id", "machine"]], ["ok", "wrong_type", "ok"])
            self.assertEqual(verdict(self.changed(self.tokens["access"])), "bad_signature")
            self.assertEqual(verdict(self.tokens["machine"] + "x"), "inactive_token")
            self.assert_said(
                look(self.tokens["id"]), 1, "The issuer's access_token_if and id_token_if tell its tokens apart")

    def test_id_tokens(self):
        rule = 'id_token_if = ["at_hash"]'
        policy = [self.AUDIENCES, 'token_type = "id"']
        with self.daemon(self.configuration(self.ALGORITHMS, rule, policy=policy)) as (look, verdict):
            self.assertEqual([verdict(self.tokens[kind]) for kind in ["access", "id"]], ["wrong_type", "ok"])
            self.assertEqual(verdict(self.changed(self.tokens["id"])), "bad_signature")
        # Nothing but the rule keeps the two apart.
        with self.daemon(self.configuration(self.ALGORITHMS, policy=policy)) as (look, verdict):
            self.assertEqual([verdict(self.tokens[kind]) for kind in ["access", "id"]], ["ok", "ok"])


class DjangoOAuthToolkit(CheckCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        provider = providers.DjangoOAuthToolkit()
        cls.issuer = cls.enterClassContext(provider.serve())
        cls.tokens = provider.tokens

    def test_init_is_given_the_host_first_and_then_the_path(self):
        root = self.issuer.removesuffix("/o")
        result, text = self.init(root)
        self.assert_said(result, 75, "check the url, which is what tokens have as iss, often with a path")
        self.assertIsNone(text)
        # The token itself shows it.
        self.assertEqual(segment(self.tokens["id"], 1)["iss"], self.issuer)
        for url in [self.issuer, self.issuer + "/", self.issuer + "/.well-known/openid-configuration"]:
            result, text = self.init(url, "--audience", providers.CLIENT)
            self.assert_said(result, 0, "next: bearerd check")
            self.assertIn(f'url = "{self.issuer}"\nalgorithms = ["RS256"]\n', text)
        self.assert_said(
            self.init(self.issuer.removeprefix("http://"))[0], 75, "it does not speak TLS", "scheme of the url")
        self.assert_said(
            self.check(self.configuration(policy=['audiences = ["x"]']).replace("/o", "/o/", 1)), 75,
            "issuer_trailing_slash")

    def test_id_tokens(self):
        _, text = self.init(self.issuer, "--audience", providers.CLIENT)
        with self.daemon(text) as (look, verdict):
            self.assert_said(look(self.tokens["id"]), 1, "wrong_type", 'for ID tokens set token_type = "id"')
        with self.daemon(text + '\ntoken_type = "id"\n') as (look, verdict):
            self.assertEqual(verdict(self.tokens["id"]), "ok")
            self.assertEqual(verdict(self.changed(self.tokens["id"])), "bad_signature")

    def test_opaque_access_tokens(self):
        opaque = ['audiences = ["x"]', "opaque = true"]
        self.assert_said(
            self.check(self.configuration(policy=opaque, table=self.introspection(back_ends.ASKER))), 75,
            "has no introspection_endpoint", "give endpoint in the issuer's introspection table")
        table = self.introspection(back_ends.ASKER, f'endpoint = "{self.issuer}/introspect/"')
        with self.daemon(self.configuration(policy=opaque, table=table)) as (look, verdict):
            self.assert_said(
                look(self.tokens["access"]), 1, "The back-end does not tell aud",
                "set audience_check = false in the policy")
        anybody = ["audience_check = false", "opaque = true"]
        with self.daemon(self.configuration(policy=anybody, table=table)) as (look, verdict):
            self.assertEqual(verdict(self.tokens["access"]), "ok")
            self.assertEqual(verdict(self.tokens["access"] + "x"), "inactive_token")

    def test_userinfo(self):
        table = '[issuer.provider.introspection]\nkind = "userinfo"\n'
        policy = [f'audiences = ["{providers.CLIENT}"]', "opaque = true"]
        self.assert_said(
            self.check(self.configuration(policy=policy, table=table)), 78,
            "expected assume_audience in [issuer.provider.introspection]")
        table += f'assume_audience = ["{providers.CLIENT}"]\n'
        with self.daemon(self.configuration(policy=policy, table=table)) as (look, verdict):
            self.assertEqual(verdict(self.tokens["access"]), "ok")
            self.assertEqual(verdict(self.tokens["access"] + "x"), "inactive_token")


class Cognito(CheckCase):
    """The issuer is a name at AWS; what listens is on loopback."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = providers.Cognito(cls.directory)
        cls.issuer = cls.enterClassContext(cls.provider.serve())
        cls.tokens = cls.provider.tokens["web"]
        cls.client = cls.provider.clients["web"]
        cls.there = [
            'preset = "cognito"', f'connect_to = "{cls.provider.address}"', f'ca_file = "{cls.provider.ca_file}"']

    def test_it_is_as_it_is_described(self):
        access, identity = (segment(self.tokens[kind], 1) for kind in ["access", "id"])
        self.assertEqual((access["token_use"], identity["token_use"]), ("access", "id"))
        self.assertEqual((access["client_id"], identity["aud"]), (self.client, self.client))
        self.assertNotIn("aud", access)
        self.assertEqual(access["cognito:groups"], ["admins"])
        # AWS writes no typ; with one, nothing but the claims tells the two apart either.
        self.assertEqual(segment(self.tokens["access"], 0), segment(self.tokens["id"], 0))
        self.assertEqual(segment(self.tokens["id"], 0)["typ"], "JWT")

    def test_its_own_address_is_not_its_name(self):
        result, text = self.init(f"{self.provider.plain}/{self.provider.pool}")
        self.assert_said(
            result, 75, "issuer_mismatch", self.issuer, "write url exactly as the provider writes its issuer")
        self.assertIsNone(text)

    def test_what_try_proposes_for_its_token_is_filled_in_and_works(self):
        keys = f"{self.provider.plain}/{self.provider.pool}/.well-known/jwks.json"
        elsewhere = "\n".join([
            '[issuer.elsewhere]', 'url = "https://elsewhere.example"', f'jwks_uri = "{keys}"', "[policy.default]",
            'audiences = ["x"]', ""])
        with self.daemon(elsewhere) as (look, verdict):
            status, words = look(self.tokens["access"])
        self.assertEqual(status, 1, words)
        for line in [
            '[issuer.cognito-idp] preset = "cognito" url = ' + f'"{self.issuer}"', "audience_check = false",
            "clients = [] # FILL IN the ids of the clients whose tokens you accept",
        ]:
            self.assertIn(line, words)
        # As a file, it wants what only its reader knows, and says so.
        proposed = "\n".join([
            "[issuer.cognito-idp]", *self.there, f'url = "{self.issuer}"', "[policy.default]",
            'issuers = ["cognito-idp"]', "audience_check = false", "clients = []", ""])
        self.assert_said(self.check(proposed), 78, "policy.default.clients: empty list")
        filled = proposed.replace("clients = []", f'clients = ["{self.client}"]')
        self.assertNotIn("!", self.check(filled)[1])
        with self.daemon(filled) as (look, verdict):
            self.assertEqual(verdict(self.tokens["access"]), "ok")

    def test_access_tokens(self):
        policy = ["audience_check = false", f'clients = ["{self.client}"]']
        self.assert_said(
            self.check(self.configuration(*self.there, policy=policy)), 0, 'preset "cognito" has set these',
            f"discovery at {self.issuer}/.well-known/openid-configuration names this issuer", "1 of 1 keys")
        with self.daemon(self.configuration(*self.there, policy=policy)) as (look, verdict):
            self.assertEqual(
                [verdict(self.tokens[kind]) for kind in ["access", "id", "refresh"]],
                ["ok", "wrong_type", "opaque_token"])
            self.assertEqual(verdict(self.changed(self.tokens["access"])), "bad_signature")
            self.assertEqual(verdict(self.provider.tokens["other"]["access"]), "wrong_client")
            self.assert_said(look(self.tokens["id"]), 1, "wrong_type", "the kind that the policy's token_type wants")
        for role, expected in [("admins", "ok"), ("owners", "insufficient_scope")]:
            roles = self.configuration(*self.there, policy=[*policy, f'roles = ["{role}"]'])
            with self.daemon(roles) as (look, verdict):
                self.assertEqual(verdict(self.tokens["access"]), expected)

    def test_id_tokens(self):
        policy = [f'audiences = ["{self.client}"]', 'token_type = "id"']
        with self.daemon(self.configuration(*self.there, policy=policy)) as (look, verdict):
            self.assertEqual(
                [verdict(self.tokens[kind]) for kind in ["access", "id", "refresh"]],
                ["wrong_type", "ok", "opaque_token"])
            self.assertEqual(verdict(self.changed(self.tokens["id"])), "bad_signature")
            self.assertEqual(verdict(self.provider.tokens["other"]["id"]), "wrong_audience")

    def test_nobody_can_be_asked_about_its_opaque_tokens(self):
        policy = ["audience_check = false", f'clients = ["{self.client}"]', "opaque = true"]
        self.assert_said(
            self.check(self.configuration(*self.there, policy=policy, table=self.introspection("bearerd"))), 78,
            "the provider has no RFC 7662 endpoint")


@unittest.skipUnless(back_ends.Glewlwyd.PROGRAM.exists(), "there is no Glewlwyd")
class Glewlwyd(CheckCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        glewlwyd = back_ends.Glewlwyd(cls.directory)
        cls.enterClassContext(glewlwyd.serve())
        glewlwyd.set_up()
        cls.issuer, cls.tokens = glewlwyd.issuer, glewlwyd.tokens

    def test_access_tokens(self):
        _, text = self.init(self.issuer, "--audience", "web")
        with self.daemon(text) as (look, verdict):
            self.assert_said(
                look(self.tokens["good"]), 1, "wrong_audience", 'found "openid orders"',
                "add the audience found to the policy's audiences")
        with self.daemon(text.replace('"web"', '"openid orders"')) as (look, verdict):
            self.assertEqual(verdict(self.tokens["good"]), "ok")
            self.assertEqual(verdict(self.changed(self.tokens["good"])), "bad_signature")

    def test_id_tokens(self):
        _, text = self.init(self.issuer, "--audience", "web")
        with self.daemon(text + '\ntoken_type = "id"\n') as (look, verdict):
            self.assertEqual(verdict(self.tokens["id"]), "ok")
            self.assertEqual(verdict(self.changed(self.tokens["id"])), "bad_signature")
            self.assert_said(
                look(self.tokens["good"]), 1, "wrong_type", "for access tokens leave token_type out of the policy")

    def test_a_secret_that_it_does_not_decode(self):
        policy = ['audiences = ["openid orders"]', "opaque = true"]
        self.assert_said(
            self.check(self.configuration(policy=policy, table=self.introspection(back_ends.ASKER))), 75,
            "credentials_refused", 'needs basic_encoding = "raw"')
        table = self.introspection(back_ends.ASKER, 'basic_encoding = "raw"')
        self.assert_said(
            self.check(self.configuration(policy=policy, table=table)), 0, "says no to a token that cannot exist")


if __name__ == "__main__":
    unittest.main()
