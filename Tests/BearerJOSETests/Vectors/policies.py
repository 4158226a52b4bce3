"""Issuers and policies that the vectors name. Member names are those of the configuration file."""

from minting import AUDIENCE, CLIENT, ISSUER

DEFAULT_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]

#: `keys` is the issuer's key set; that of `main` is named by each vector.
ISSUERS = {
    "main": {"url": ISSUER, "algorithms": DEFAULT_ALGORITHMS},
    "other": {"url": "https://other.example", "algorithms": DEFAULT_ALGORITHMS, "keys": "other"},
    "path": {"url": "https://issuer.example/K\u00e9", "algorithms": DEFAULT_ALGORITHMS, "keys": "main"},
    "narrow": {"url": "https://narrow.example", "algorithms": ["ES256"], "keys": "main"},
}


def policy(audiences=(AUDIENCE,), **members):
    made = {"issuers": ["main"]}
    if audiences:
        made["audiences"] = list(audiences)
    else:
        made["audience_check"] = False
    return {**made, **members}


POLICIES = {
    "access": policy(),
    "access-without-audience": policy(()),
    "access-two-audiences": policy((AUDIENCE, "https://api.example/v2")),
    "access-issuers": policy(issuers=["main", "other", "path", "narrow"]),
    "access-strict-time": policy(leeway="0s"),
    "access-loose-time": policy(leeway="5m"),
    "access-clients": policy(clients=[CLIENT, "back-office"]),
    "access-kelvin": policy(("https://api.example/K",), clients=["K"], claims={"unit": "K"}, scopes=["K"]),
    "access-required": policy(required_claims=["tenant"]),
    "access-claim-string": policy(claims={"token_use": "access"}),
    "access-claim-any-of": policy(claims={"role": ["reader", "writer"]}),
    "access-claim-integer": policy(claims={"level": 3}),
    "access-claim-boolean": policy(claims={"verified": True}),
    "access-claim-two": policy(claims={"token_use": "access", "level": 3}),
    "access-scopes": policy(scopes=["read", "write"]),
    "access-scopes-elsewhere": policy(scopes=["read"], scope_claims=["permissions"]),
    "access-constrained": policy(sender_constraint="ignore"),
    "access-max-age": policy(max_age="5m"),
    "access-acr": policy(acr_values=["silver", "gold"]),
    "access-step-up": policy(max_age="5m", acr_values=["silver", "gold"], scopes=["pay"]),
    "id": policy((CLIENT,), token_type="id"),
    "id-two-audiences": policy((CLIENT, "app-2"), token_type="id"),
    "id-max-age": policy((CLIENT,), token_type="id", max_age="5m"),
    "any": policy(token_type="any"),
    "any-without-audience": policy((), token_type="any"),
    "any-clients": policy((), token_type="any", clients=[CLIENT, "back-office"]),
    "access-token-use": policy((), clients=[CLIENT], claims={"token_use": "access"}),
    "any-token-use": policy((), token_type="any", clients=[CLIENT], claims={"token_use": "access"}),
}
