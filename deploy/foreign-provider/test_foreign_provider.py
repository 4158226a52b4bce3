"""bearerd on tokens and keys that others made: an OpenID provider built on Authlib, and the signatures of joserfc.

The provider is met as it is: its keys have neither `alg` nor `use`, its ID tokens no `kid`, their `aud` is a list, and
its access tokens are opaque.
"""

import base64
import http.client
import json
import logging
import pathlib
import sys
import tempfile
import time
import unittest
import urllib.parse
import urllib.request
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "python"), str(HERE.parent / "clients" / "python")]

import joserfc.jwk
import joserfc.jwt
import running
from bearerd import Bearerd

# What the provider imports announces changes of its own, and insists on being heard; recorded, it is not.
with warnings.catch_warnings(record=True):
    import oidc_provider_mock

CLIENT = "web-client"
CALLBACK = "http://localhost/callback"


def segment(token, index):
    """The JSON of a token's header (0) or payload (1)."""
    text = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def with_segment(token, index, value):
    """The token with another header (0) or payload (1) and its old signature."""
    parts = token.split(".")
    parts[index] = base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return ".".join(parts)


def log_in(issuer, nonce):
    """Does the authorization code flow (OpenID Connect Core section 3.1) and gives the token response."""
    with urllib.request.urlopen(issuer + "/.well-known/openid-configuration") as response:
        discovery = json.load(response)
    query = urllib.parse.urlencode({
        "response_type": "code", "client_id": CLIENT, "redirect_uri": CALLBACK, "scope": "openid email",
        "state": "state", "nonce": nonce,
    })
    endpoint = urllib.parse.urlparse(discovery["authorization_endpoint"])
    connection = http.client.HTTPConnection(endpoint.netloc)
    connection.request(
        "POST", f"{endpoint.path}?{query}", urllib.parse.urlencode({"sub": "ann"}),
        {"Content-Type": "application/x-www-form-urlencoded"})
    location = connection.getresponse().getheader("Location")
    connection.close()
    code = urllib.parse.parse_qs(urllib.parse.urlparse(location).query)["code"][0]
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": CLIENT,
        "client_secret": "any",
    }
    with urllib.request.urlopen(discovery["token_endpoint"], urllib.parse.urlencode(form).encode()) as response:
        return json.load(response)


def start_daemon(case, directory, configuration):
    """Starts bearerd with this configuration file for the time of a test case; gives a client."""
    file = pathlib.Path(directory) / "bearerd.toml"
    file.write_text(configuration)
    daemon = case.enterClassContext(running.Daemon(directory, "--config", str(file)))
    client = Bearerd(daemon.socket_path)
    case.addClassCleanup(client.close)
    return client


class ForeignProvider(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        provider = cls.enterClassContext(oidc_provider_mock.run_server_in_thread())
        # By name, as the provider listens on whichever address localhost is.
        cls.issuer = f"http://localhost:{provider.server_port}"
        cls.tokens = log_in(cls.issuer, nonce="n-0S6_WzA2Mj")
        cls.client = start_daemon(cls, directory, f"""
            [issuer.foreign]
            url = "{cls.issuer}"
            [policy.default]
            audiences = ["{CLIENT}"]
            token_type = "id"
            [policy.other]
            audiences = ["another-client"]
            token_type = "id"
            [policy.access]
            audiences = ["{CLIENT}"]
            """)

    def verify(self, token, **requirements):
        return self.client.verify("Bearer " + token, **requirements)

    def assert_refused(self, verdict, code):
        self.assertIs(verdict.ok, False)
        self.assertEqual(verdict.code, code)

    def test_the_provider_is_as_it_is_described_above(self):
        with urllib.request.urlopen(self.issuer + "/jwks") as response:
            keys = json.load(response)["keys"]
        self.assertEqual([set(key) for key in keys], [{"kty", "kid", "n", "e"}])
        self.assertNotIn("kid", segment(self.tokens["id_token"], 0))
        self.assertEqual(segment(self.tokens["id_token"], 1)["aud"], [CLIENT])

    def test_its_id_token_is_good_and_says_what_it_says(self):
        token = self.tokens["id_token"]
        verdict = self.verify(token, nonce="n-0S6_WzA2Mj", max_age=600)
        self.assertIs(verdict.ok, True, verdict.code)
        self.assertEqual(verdict.claims, segment(token, 1))
        self.assertEqual(verdict.claims["sub"], "ann")

    def test_another_nonce_is_refused(self):
        self.assert_refused(self.verify(self.tokens["id_token"], nonce="other"), "wrong_nonce")

    def test_another_client_is_refused(self):
        self.assert_refused(self.verify(self.tokens["id_token"], policy="other"), "wrong_audience")

    def test_an_id_token_is_no_access_token(self):
        self.assert_refused(self.verify(self.tokens["id_token"], policy="access"), "wrong_type")

    def test_a_changed_claim_is_refused(self):
        token = self.tokens["id_token"]
        changed = with_segment(token, 1, segment(token, 1) | {"sub": "eve"})
        self.assert_refused(self.verify(changed), "bad_signature")

    def test_a_token_without_signature_is_refused(self):
        token = self.tokens["id_token"]
        header = with_segment(token, 0, {"typ": "JWT", "alg": "none"})
        self.assert_refused(self.verify(header.rsplit(".", 1)[0] + "."), "algorithm_not_allowed")

    def test_its_opaque_access_token_is_called_opaque(self):
        self.assertNotIn(".", self.tokens["access_token"])
        self.assert_refused(self.verify(self.tokens["access_token"], policy="access"), "opaque_token")


class ForeignSignatures(unittest.TestCase):
    """Every algorithm, signed by another library, from a key set that it wrote."""

    KEYS = {
        "RS256": ("RSA", 2048), "RS384": ("RSA", 3072), "RS512": ("RSA", 4096),
        "PS256": ("RSA", 2048), "PS384": ("RSA", 3072), "PS512": ("RSA", 4096),
        "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "ES512": ("EC", "P-521"),
        "Ed25519": ("OKP", "Ed25519"), "Ed448": ("OKP", "Ed448"),
    }
    ISSUER = "https://foreign.example"
    AUDIENCE = "https://api.example"

    @classmethod
    def setUpClass(cls):
        directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.keys = {
            algorithm: joserfc.jwk.generate_key(kind, size, {"kid": algorithm, "use": "sig", "alg": algorithm})
            for algorithm, (kind, size) in cls.KEYS.items()
        }
        key_set = {"keys": [key.as_dict(private=False) for key in cls.keys.values()]}
        file = pathlib.Path(directory) / "jwks.json"
        file.write_text(json.dumps(key_set, indent=2))
        algorithms = json.dumps([name for name in cls.KEYS if name not in ("Ed25519", "Ed448")] + ["EdDSA"])
        cls.client = start_daemon(cls, directory, f"""
            [issuer.foreign]
            url = "{cls.ISSUER}"
            jwks_file = "{file}"
            algorithms = {algorithms}
            [policy.default]
            audiences = ["{cls.AUDIENCE}"]
            """)

    def sign(self, algorithm):
        now = int(time.time())
        claims = {
            "iss": self.ISSUER, "aud": self.AUDIENCE, "sub": "ann", "client_id": CLIENT, "jti": "1", "iat": now,
            "exp": now + 300,
        }
        header = {"alg": algorithm, "kid": algorithm, "typ": "at+jwt"}
        return joserfc.jwt.encode(header, claims, self.keys[algorithm], algorithms=[algorithm])

    def test_each_algorithm(self):
        for algorithm in self.KEYS:
            with self.subTest(algorithm):
                token = self.sign(algorithm)
                verdict = self.client.verify("Bearer " + token)
                self.assertIs(verdict.ok, True, verdict.code)
                self.assertEqual(verdict.claims, segment(token, 1))
                changed = with_segment(token, 1, segment(token, 1) | {"sub": "eve"})
                self.assertEqual(self.client.verify("Bearer " + changed).code, "bad_signature")


if __name__ == "__main__":
    unittest.main()
