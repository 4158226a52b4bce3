"""What a request may add to a policy (never take away): audience, scope, nonce; max_age and acr_values are in stepup."""

from minting import AUDIENCE, CLIENT, DROP, access, identity, mint, mint_id


def cases(add):
    both = [AUDIENCE, "https://api.example/orders"]
    add("audience", "accept", mint(access(aud=both)), "the request's audience besides the policy's",
        request={"audience": both[1]})
    add("audience-array", "accept", mint(access(aud=both)), "any of the request's", request={"audience": ["x", both[1]]})
    add("audience-same", "accept", mint(), "the request repeats the policy's", request={"audience": AUDIENCE})
    add("audience-missing", "wrong_audience", mint(), "the token has the policy's, not the request's",
        request={"audience": both[1]}, claim="aud")
    add("audience-does-not-replace", "wrong_audience", mint(access(aud=both[1])), "the token has the request's, not the policy's",
        request={"audience": both[1]}, claim="aud")
    add("audience-narrows", "wrong_audience", mint(access(aud="https://api.example/v2")), "one of the policy's two, by request",
        policy="access-two-audiences", request={"audience": AUDIENCE}, claim="aud")
    add("audience-unchecked", "wrong_audience", mint(), "audience_check = false, and a request that checks",
        policy="access-without-audience", request={"audience": both[1]}, claim="aud")
    add("audience-unchecked-good", "accept", mint(access(aud=both[1])), "audience_check = false, and a request that checks",
        policy="access-without-audience", request={"audience": both[1]})
    add("audience-id", "wrong_audience", mint_id(identity(aud=CLIENT)), "the same for ID tokens", policy="id-two-audiences",
        request={"audience": "app-2"}, claim="aud")

    add("scope", "accept", mint(access(scope="read admin")), "a scope by request alone", request={"scope": "admin"})
    add("scope-missing", "insufficient_scope", mint(access(scope="read")), "a scope by request alone",
        request={"scope": "admin"})
    add("scope-added", "insufficient_scope", mint(access(scope="read write")), "added to the policy's", policy="access-scopes",
        request={"scope": "admin"})
    add("scope-does-not-replace", "insufficient_scope", mint(access(scope="admin")), "the policy's are still needed",
        policy="access-scopes", request={"scope": "admin"})
    add("scope-all", "accept", mint(access(scope="admin read write")), "all three", policy="access-scopes",
        request={"scope": "admin"})
    add("scope-two", "insufficient_scope", mint(access(scope="admin")), "two by request, one there",
        request={"scope": "admin audit"})

    nonce = {"policy": "id", "request": {"nonce": "n-0S6_WzA2Mj"}}
    add("nonce", "accept", mint_id(identity(nonce="n-0S6_WzA2Mj")), "the nonce of the request", **nonce)
    add("nonce-other", "wrong_nonce", mint_id(identity(nonce="other")), "another nonce: a replayed ID token", claim="nonce", **nonce)
    add("nonce-absent", "wrong_nonce", mint_id(), "no nonce: never fail open", claim="nonce", **nonce)
    add("nonce-null", "wrong_nonce", mint_id(identity(nonce=None)), "a null nonce is none", claim="nonce", **nonce)
    add("nonce-empty", "wrong_nonce", mint_id(identity(nonce="")), "an empty nonce", claim="nonce", **nonce)
    add("nonce-case", "wrong_nonce", mint_id(identity(nonce="N-0S6_WzA2Mj")), "nonces know case", claim="nonce", **nonce)
    add("nonce-prefix", "wrong_nonce", mint_id(identity(nonce="n-0S6_WzA2Mj2")), "the request's nonce is only a prefix",
        claim="nonce", **nonce)
    add("nonce-ill-typed", "malformed_claims", mint_id(identity(nonce=1)), "a number", claim="nonce", **nonce)
    add("nonce-kelvin", "wrong_nonce", mint_id(identity(nonce="\u212a")), "the Kelvin sign for K", policy="id",
        request={"nonce": "K"}, claim="nonce")
    add("nonce-unasked", "accept", mint_id(identity(nonce="n")), "nobody asked", policy="id")
    add("nonce-access", "wrong_nonce", mint(access(nonce=DROP)), "the same for access tokens",
        request={"nonce": "n"}, claim="nonce")
