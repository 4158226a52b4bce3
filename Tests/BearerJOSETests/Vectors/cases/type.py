"""Kinds of token: what tells an access token from an ID token, and one from the other's place."""

import json

from minting import CLIENT, AUDIENCE, DROP, NOW, access, identity, mint, mint_id

TYPES = [
    ("absent", DROP), ("jwt", "JWT"), ("jwt-lower-case", "jwt"), ("jwt-mixed-case", "Jwt"),
    ("jwt-media-type", "application/jwt"), ("at-jwt", "at+jwt"),
    ("at-jwt-upper-case", "AT+JWT"), ("media-type", "application/at+jwt"),
    ("media-type-mixed-case", "Application/AT+jwt"), ("parameter", "at+jwt;charset=utf-8"), ("empty", ""),
    ("space", "at+jwt "), ("nul", "at+jwt\0"), ("dpop", "dpop+jwt"), ("logout", "logout+jwt"), ("secevent", "secevent+jwt"),
    ("introspection", "token-introspection+jwt"), ("jose", "JOSE"), ("jose-json", "JOSE+JSON"),
    ("request-object", "oauth-authz-req+jwt"), ("vc", "vc+sd-jwt"), ("space-for-plus", "at jwt"),
    ("kelvin", "at+\u212awt"), ("full-width", "\uff4a\uff57\uff54"),
]
# A typ with and without `application/` is the same (RFC 7515 section 4.1.9).
ACCEPTED = {
    "access": {"at-jwt", "at-jwt-upper-case", "media-type", "media-type-mixed-case"},
    "id": {"absent", "jwt", "jwt-lower-case", "jwt-mixed-case", "jwt-media-type"},
    "any": {"absent", "jwt", "jwt-lower-case", "jwt-mixed-case", "jwt-media-type", "at-jwt", "at-jwt-upper-case",
            "media-type", "media-type-mixed-case"},
}


def cases(add):
    for kind, accepted in ACCEPTED.items():
        claims = identity() if kind == "id" else access()
        for name, typ in TYPES:
            shown = "absent" if typ is DROP else json.dumps(typ)
            add(f"{kind}-typ-{name}", "accept" if name in accepted else "wrong_type", mint(claims, typ=typ),
                f"token_type {kind}, typ {shown}", policy=kind)

    # One kind in the place of another.
    add("id-token-as-access-token", "wrong_type", mint_id(), "an ID token sent as an access token")
    add("id-token-for-api-as-access-token", "wrong_type", mint_id(access()),
        "typ alone tells it: its claims are those of an access token")
    add("access-token-as-id-token", "wrong_type", mint(), "an access token sent as an ID token", policy="id")
    add("access-token-for-client-as-id-token", "wrong_type", mint(access(aud=CLIENT)),
        "typ alone tells it: its audience is the client", policy="id")
    add("id-token-named-at-jwt", "missing_claim", mint(identity(aud=AUDIENCE)),
        "an ID token that calls itself at+jwt lacks client_id and jti", claim="client_id")

    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    for name, value, comment in [
        ("events", event, "a logout token (OpenID Connect Back-Channel Logout)"),
        ("at_hash", "77QmUPtjPfzWtF2AnpK9RQ", "an ID token"),
        ("c_hash", "LDktKdoQak3Pk0cnXxCltA", "an ID token of the hybrid flow"),
        ("nonce", "n-0S6_WzA2Mj", "an ID token of the code flow, which has neither at_hash nor c_hash"),
    ]:
        add(f"any-with-{name}", "wrong_type", mint(access({name: value}), typ="JWT"),
            f"{name} says that this is {comment}", policy="any", claim=name)
        add(f"any-with-{name}-typ-at-jwt", "wrong_type", mint(access({name: value})),
            f"{name} tells more than typ", policy="any", claim=name)
    add("any-with-events-typ-logout", "wrong_type", mint(access(events=event), typ="logout+jwt"),
        "a logout token by its type", policy="any")
    add("any-with-events-ill-typed", "wrong_type", mint(access(events="x"), typ="JWT"),
        "events of whatever type", policy="any", claim="events")
    for name, typ in [("typ-absent", DROP), ("typ-jwt", "JWT")]:
        add(f"id-logout-token-{name}", "wrong_type", mint_id(identity(events=event, sid="s", jti="l-1"), typ=typ),
            "a logout token is no login, whatever its typ", policy="id", claim="events")
    add("id-logout-token-without-sub", "wrong_type", mint_id(identity(events=event, sid="s", jti="l-1", sub=DROP)),
        "what kind of token it is comes before what that kind must have", policy="id", claim="events")
    add("id-with-events-null", "accept", mint_id(identity(events=None)), "a null events is none", policy="id")
    add("access-with-events", "wrong_type", mint(access(events=event)), "a logout token that calls itself at+jwt",
        claim="events")
    add("id-with-at_hash", "accept", mint_id(identity(at_hash="77QmUPtjPfzWtF2AnpK9RQ", c_hash="LDktKdoQak3Pk0cnXxCltA")),
        "in an ID token the hashes are at home", policy="id")
    add("access-with-nonce", "accept", mint(access(nonce="n", auth_time=NOW - 10)),
        "an access token may have claims that ID tokens have")
    add("any-id-token-unmarked", "accept", mint(identity(aud=AUDIENCE), typ="JWT"),
        "nothing tells this ID token from a JWT: token_type any means any", policy="any")
