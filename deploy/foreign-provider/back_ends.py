"""Introspection endpoints (RFC 7662) that this project did not write, on loopback, each with tokens of every kind.

`serve()` gives the address of the endpoint for the time of a `with` block. The client that asks is `bearerd`; in its
secret are characters that `client_secret_basic` encodes (RFC 6749 section 2.3.1). django-oauth-toolkit decodes them,
Authlib all but a plus sign for a space, Glewlwyd none.
"""

import base64
import contextlib
import datetime
import functools
import http.client
import json
import os
import pathlib
import secrets
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.parse

import flask
import werkzeug.serving
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

ASKER = "bearerd"
SECRET = "s3cret:+ %/="


@contextlib.contextmanager
def listening(application, tls=None):
    """Serves a WSGI application, over TLS if a certificate and its key are named; gives its origin."""
    server = werkzeug.serving.make_server("127.0.0.1", 0, application, threaded=True, ssl_context=tls)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def private_key():
    """A new RSA key, as PEM."""
    return subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True, text=True).stdout


class Authlib:
    """Authlib's endpoint, with the answer of its documentation; it tells nobody but the token's client and the asker."""

    class Client(ClientMixin):
        def __init__(self, client_id):
            self.client_id = client_id

        def get_client_id(self):
            return self.client_id

        def check_client_secret(self, client_secret):
            return secrets.compare_digest(client_secret, SECRET)

        def check_endpoint_auth_method(self, method, endpoint):
            return True

    class Token(TokenMixin):
        def __init__(self, client_id="web", kind="Bearer", lifetime=300, revoked=False):
            self.client_id, self.kind, self.revoked = client_id, kind, revoked
            self.issued_at = int(time.time())
            self.expires_at = self.issued_at + lifetime

        def is_expired(self):
            return self.expires_at < time.time()

        def is_revoked(self):
            return self.revoked

    def __init__(self, issuer, methods=("client_secret_basic", "client_secret_post")):
        self.known = {
            "good": self.Token(), "revoked": self.Token(revoked=True), "expired": self.Token(lifetime=-60),
            "other": self.Token(client_id="other"), "refresh": self.Token(kind="refresh_token"),
        }
        self.tokens = {name: name + "-" + secrets.token_urlsafe(24) for name in self.known}
        by_text = {text: self.known[name] for name, text in self.tokens.items()}

        class Endpoint(IntrospectionEndpoint):
            CLIENT_AUTH_METHODS = list(methods)

            def query_token(self, token_string, token_type_hint):
                return by_text.get(token_string)

            def check_permission(self, token, client, request):
                return token.client_id == "web"

            def introspect_token(self, token):
                return {
                    "active": True, "client_id": token.client_id, "token_type": token.kind, "username": "Ann",
                    "scope": "orders", "sub": "ann", "aud": token.client_id, "iss": issuer, "exp": token.expires_at,
                    "iat": token.issued_at,
                }

        self.application = flask.Flask("authlib")
        server = AuthorizationServer(
            self.application, query_client=lambda name: self.Client(name) if name == ASKER else None,
            save_token=lambda token, request: None)
        server.register_endpoint(Endpoint)
        self.application.add_url_rule(
            "/introspect", view_func=lambda: server.create_endpoint_response("introspection"), methods=["POST"],
            endpoint="introspect")

    @contextlib.contextmanager
    def serve(self):
        with listening(self.application) as origin:
            yield origin + "/introspect"


class DjangoOAuthToolkit:
    """django-oauth-toolkit's endpoint: no `sub`, no `iss`, no `iat`, and an `aud` only of tokens with a resource.

    It is an OpenID provider as well, whose access tokens are opaque.
    """

    @classmethod
    @functools.cache
    def shared(cls):
        """The one of this process, for Django's settings are made once."""
        return cls()

    def __init__(self):
        import django
        import django.conf

        self.directory = tempfile.TemporaryDirectory()
        django.conf.settings.configure(
            ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, SECRET_KEY=secrets.token_hex(), USE_TZ=True,
            INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
            DEFAULT_AUTO_FIELD="django.db.models.AutoField",
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{self.directory.name}/django.db"}},
            # A slow hash protects nothing here, and is one for each call.
            PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
            OAUTH2_PROVIDER={
                "OIDC_ENABLED": True, "OIDC_RSA_PRIVATE_KEY": private_key(),
                "SCOPES": {"openid": "Who you are", "orders": "Orders", "introspection": "Introspection"}},
            MIDDLEWARE=[], LOGGING_CONFIG=None)
        django.setup()

        from django.contrib.auth import get_user_model
        from django.core.management import call_command
        from django.core.wsgi import get_wsgi_application
        from django.urls import include, path
        from oauth2_provider.models import AccessToken, Application

        globals()["urlpatterns"] = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]
        call_command("migrate", verbosity=0)
        user = self.user = get_user_model().objects.create_user("ann")
        clients = {
            name: Application.objects.create(
                name=name, client_id=name, client_secret=SECRET, client_type=Application.CLIENT_CONFIDENTIAL,
                authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS)
            for name in [ASKER, "web", "other"]
        }

        def give(client="web", scope="orders", minutes=5, **members):
            expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
            return AccessToken.objects.create(
                user=user, application=clients[client], token=secrets.token_urlsafe(24), expires=expires, scope=scope,
                **members)

        given = {
            "good": give(), "revoked": give(), "expired": give(minutes=-5), "other": give(client="other"),
            "resource": give(resource=["https://api.example"]),
            "asker": give(client=ASKER, scope="introspection"), "powerless": give(client=ASKER),
        }
        self.tokens = {name: token.token for name, token in given.items()}
        given["revoked"].revoke()
        self.application = get_wsgi_application()

    @contextlib.contextmanager
    def serve(self):
        with listening(self.application) as origin:
            yield origin + "/o/introspect/"


class Glewlwyd:
    """Debian's Glewlwyd, set up through its REST interface; its access tokens are JWTs, its refresh tokens opaque.

    GLEWLWYD names the directory that the package was unpacked in; without it, it is installed.
    """

    ROOT = pathlib.Path(os.environ.get("GLEWLWYD", "/"))
    PROGRAM = ROOT / "usr/bin/glewlwyd"

    def __init__(self, directory):
        self.directory = directory
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.issuer = f"http://127.0.0.1:{self.port}/api/oidc"
        schema = subprocess.run(
            ["zcat", self.ROOT / "usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz"], check=True,
            capture_output=True, text=True).stdout
        with contextlib.closing(sqlite3.connect(directory / "glewlwyd.db")) as database:
            database.executescript(schema)
        modules = self.ROOT / "usr/lib/glewlwyd"
        (directory / "glewlwyd.conf").write_text(f"""
            port={self.port}
            bind_address="127.0.0.1"
            external_url="http://127.0.0.1:{self.port}"
            login_url="login.html"
            log_mode="file"
            log_level="WARNING"
            log_file="{directory}/glewlwyd.log"
            user_module_path="{modules}/user"
            client_module_path="{modules}/client"
            user_auth_scheme_module_path="{modules}/scheme"
            plugin_module_path="{modules}/plugin"
            hash_algorithm="SHA512"
            database={{ type="sqlite3" path="{directory}/glewlwyd.db" }};
            """)

    @contextlib.contextmanager
    def serve(self):
        with subprocess.Popen(
                [self.PROGRAM, "-c", self.directory / "glewlwyd.conf"], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL) as process:
            try:
                self._await_listening(process)
                yield self.issuer + "/introspect"
            finally:
                process.terminate()

    def _await_listening(self, process):
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        raise RuntimeError("Glewlwyd does not start")

    def _ask(self, method, path, cookie="", authorization="", **parts):
        """One request of the REST interface; gives the header fields and the JSON of the answer."""
        headers = {"Cookie": cookie, "Authorization": authorization}
        body = None
        if "json" in parts:
            headers["Content-Type"], body = "application/json", json.dumps(parts["json"])
        if "form" in parts:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(parts["form"])
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        with contextlib.closing(connection):
            connection.request(method, "/api/" + path, body, {name: value for name, value in headers.items() if value})
            response = connection.getresponse()
            text = response.read()
            if response.status != 200:
                raise RuntimeError(f"Glewlwyd answers {response.status} to {method} {path}: {text!r}")
            return response.headers, json.loads(text) if text else None

    @staticmethod
    def basic(client):
        return "Basic " + base64.b64encode(f"{client}:{SECRET}".encode()).decode()

    def set_up(self):
        """Makes scopes, a user, clients, the OpenID provider, and the tokens."""
        headers, _ = self._ask("POST", "auth/", json={"username": "admin", "password": "password"})
        cookie = headers["Set-Cookie"].split(";")[0]
        for scope in ["orders", "introspect"]:
            self._ask("POST", "scope/", cookie, json={
                "name": scope, "display_name": scope, "description": scope, "password_required": False})
        self._ask("POST", "user/", cookie, json={
            "username": "ann", "password": "password", "name": "Ann", "scope": ["openid", "orders"], "enabled": True})
        for client in [ASKER, "web", "other"]:
            self._ask("POST", "client/", cookie, json={
                "client_id": client, "name": client, "confidential": True, "client_secret": SECRET, "enabled": True,
                "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"],
                "authorization_type": ["client_credentials", "password", "refresh_token"],
                "redirect_uri": ["http://localhost/callback"], "scope": ["introspect"]})
        key = private_key()
        public = subprocess.run(
            ["openssl", "rsa", "-pubout"], check=True, input=key, capture_output=True, text=True).stdout
        allowed = [
            "allow-non-oidc", "auth-type-password-enabled", "auth-type-client-enabled", "auth-type-refresh-enabled",
            "introspection-revocation-allowed", "introspection-revocation-allow-target-client", "jwks-show"]
        self._ask("POST", "mod/plugin/", cookie, json={
            "module": "oidc", "name": "oidc", "display_name": "OpenID Connect", "parameters": {
                "iss": self.issuer, "jwt-type": "rsa", "jwt-key-size": "256", "key": key, "cert": public,
                "access-token-duration": 3600, "refresh-token-duration": 3600, "code-duration": 600,
                "refresh-token-rolling": False, "subject-type": "public", "scope": [], "claims": [],
                "introspection-revocation-auth-scope": ["introspect"], **dict.fromkeys(allowed, True)}})

        def tokens(client="web"):
            form = {"grant_type": "password", "username": "ann", "password": "password", "scope": "openid orders"}
            return self._ask("POST", "oidc/token", authorization=self.basic(client), form=form)[1]

        good, revoked, other = tokens(), tokens(), tokens("other")
        _, asker = self._ask("POST", "oidc/token", authorization=self.basic(ASKER), form={
            "grant_type": "client_credentials", "scope": "introspect"})
        self.tokens = {
            "good": good["access_token"], "refresh": good["refresh_token"], "id": good["id_token"],
            "revoked": revoked["access_token"], "revoked_refresh": revoked["refresh_token"],
            "other": other["access_token"], "asker": asker["access_token"]}
        for token in [revoked["access_token"], revoked["refresh_token"]]:
            self.revoke(token)

    def revoke(self, token):
        """Ends a token (RFC 7009)."""
        self._ask("POST", "oidc/revoke", authorization=self.basic("web"), form={"token": token})
