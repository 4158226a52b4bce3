"""OpenID providers that this project did not make, on loopback, each with the tokens of its flows.

`serve()` gives the issuer, as its tokens have it, for the time of a `with` block, and sets `tokens`.
"""

import base64
import contextlib
import datetime
import hashlib
import json
import logging
import secrets
import subprocess
import urllib.parse
import urllib.request

import back_ends

CLIENT = "site"
CALLBACK = "http://localhost/callback"
NONCE = "n-0S6_WzA2Mj"


class CodeFlow:
    """One login (OpenID Connect Core section 3.1), with PKCE, whose person at the browser is played by a call."""

    def __init__(self):
        self.verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        self.request = {
            "response_type": "code", "client_id": CLIENT, "redirect_uri": CALLBACK, "scope": "openid profile",
            "state": "state", "nonce": NONCE, "code_challenge": challenge, "code_challenge_method": "S256"}

    def tokens(self, location, endpoint):
        """Exchanges the code in the address that the browser was sent back to."""
        code = urllib.parse.parse_qs(urllib.parse.urlparse(location).query)["code"][0]
        return ask_for_tokens(endpoint, {
            "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK,
            "code_verifier": self.verifier})


def ask_for_tokens(endpoint, form):
    """The answer of a token endpoint to the client."""
    request = urllib.request.Request(endpoint, urllib.parse.urlencode(form).encode())
    request.add_header("Authorization", "Basic " + base64.b64encode(
        f"{CLIENT}:{urllib.parse.quote(back_ends.SECRET, safe='')}".encode()).decode())
    with urllib.request.urlopen(request) as response:
        return json.load(response)


class Canaille:
    """Canaille as it comes: keys of its own making, whose algorithm only the tokens tell.

    Its access tokens of users are JWTs with the claims of ID tokens; those of machines are opaque.
    """

    def __init__(self):
        import canaille

        # What it says on the way is about a server of more than a test; it sets up logging by itself.
        logging.disable(logging.CRITICAL)
        self.application = canaille.create_app({
            "SECRET_KEY": secrets.token_hex(), "CANAILLE": {"DATABASE": "memory"}, "CANAILLE_OIDC": {}})
        logging.disable(logging.NOTSET)
        self.application.logger.disabled = True
        for name in ["werkzeug", "django.request"]:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        from canaille.app import models
        from canaille.backends import Backend

        with self.application.app_context():
            self.user = models.User(
                formatted_name="Ann", family_name="A", user_name="ann", emails=["ann@example.org"],
                password="password")
            Backend.instance.save(self.user)
            client = models.Client(
                client_id=CLIENT, client_secret=back_ends.SECRET, client_name="Web", redirect_uris=[CALLBACK],
                # Of a trusted domain, so that nobody has to consent.
                client_uri="http://127.0.0.1", scope=["openid", "profile"], response_types=["code"],
                grant_types=["authorization_code", "client_credentials"],
                token_endpoint_auth_method="client_secret_basic")
            Backend.instance.save(client)
            client.audience = [client]
            Backend.instance.save(client)

    @contextlib.contextmanager
    def serve(self):
        with back_ends.listening(self.application) as origin:
            endpoint = origin + "/oauth/token"
            flow = CodeFlow()
            browser = self.application.test_client()
            with browser.session_transaction(base_url=origin) as session:
                now = datetime.datetime.now(datetime.timezone.utc).isoformat()
                session["sessions"] = [{"user": self.user.id, "last_login_datetime": now}]
            response = browser.get("/oauth/authorize", query_string=flow.request, base_url=origin)
            answer = flow.tokens(response.location, endpoint)
            machine = ask_for_tokens(endpoint, {"grant_type": "client_credentials", "scope": "profile"})
            self.tokens = {
                "access": answer["access_token"], "id": answer["id_token"], "machine": machine["access_token"]}
            # Without SERVER_NAME it takes its name from the request, with a slash at the end.
            yield origin + "/"


class DjangoOAuthToolkit:
    """django-oauth-toolkit with OpenID Connect on: its ID tokens are JWTs, its access tokens opaque."""

    def __init__(self):
        self.back_end = back_ends.DjangoOAuthToolkit.shared()
        from oauth2_provider.models import Application

        Application.objects.create(
            name="Site", client_id=CLIENT, client_secret=back_ends.SECRET, redirect_uris=CALLBACK,
            client_type=Application.CLIENT_CONFIDENTIAL, algorithm=Application.RS256_ALGORITHM,
            authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE, skip_authorization=True)

    @contextlib.contextmanager
    def serve(self):
        from django.test import RequestFactory
        from oauth2_provider.views import AuthorizationView

        with back_ends.listening(self.back_end.application) as origin:
            flow = CodeFlow()
            request = RequestFactory().get(
                "/o/authorize/", flow.request | {"scope": "openid orders"},
                headers={"host": urllib.parse.urlparse(origin).netloc})
            request.user = self.back_end.user
            response = AuthorizationView.as_view()(request)
            answer = flow.tokens(response.headers["Location"], origin + "/o/token/")
            self.tokens = {"access": answer["access_token"], "id": answer["id_token"]}
            yield origin + "/o"


class Cognito:
    """moto's Cognito: both kinds of tokens are alike but for token_use, and access tokens have no aud.

    As at AWS its discovery document and its tokens have the name of a host at AWS, wherever it listens.
    """

    HOST = "cognito-idp.eu-central-1.amazonaws.com"
    PASSWORD = "Perm4nent!"

    def __init__(self, directory):
        """Makes a certificate for the name at AWS, in a directory."""
        self.ca_file, self.key_file = str(directory / "cognito.pem"), str(directory / "cognito.key")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=cognito", "-addext", f"subjectAltName=DNS:{self.HOST},IP:127.0.0.1",
             "-keyout", self.key_file, "-out", self.ca_file], check=True, capture_output=True)

    @contextlib.contextmanager
    def serve(self):
        import boto3
        from moto.server import DomainDispatcherApplication, create_backend_app

        application = DomainDispatcherApplication(create_backend_app)
        with contextlib.ExitStack() as servers:
            self.plain = servers.enter_context(back_ends.listening(application))
            origin = servers.enter_context(back_ends.listening(application, (self.ca_file, self.key_file)))
            self.address = urllib.parse.urlparse(origin).netloc
            api = boto3.client(
                "cognito-idp", region_name="eu-central-1", endpoint_url=origin, verify=self.ca_file,
                aws_access_key_id="key", aws_secret_access_key=back_ends.SECRET)
            servers.callback(api.close)
            self.pool = api.create_user_pool(PoolName="people")["UserPool"]["Id"]
            pool = {"UserPoolId": self.pool}
            api.admin_create_user(**pool, Username="ann")
            api.admin_set_user_password(**pool, Username="ann", Password=self.PASSWORD, Permanent=True)
            api.create_group(**pool, GroupName="admins")
            api.admin_add_user_to_group(**pool, Username="ann", GroupName="admins")
            self.clients, self.tokens = {}, {}
            for name in ["web", "other"]:
                client = api.create_user_pool_client(
                    **pool, ClientName=name, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"])
                self.clients[name] = client["UserPoolClient"]["ClientId"]
                answer = api.initiate_auth(
                    ClientId=self.clients[name], AuthFlow="USER_PASSWORD_AUTH",
                    AuthParameters={"USERNAME": "ann", "PASSWORD": self.PASSWORD})["AuthenticationResult"]
                self.tokens[name] = {
                    "access": answer["AccessToken"], "id": answer["IdToken"], "refresh": answer["RefreshToken"]}
            yield f"https://{self.HOST}/{self.pool}"
