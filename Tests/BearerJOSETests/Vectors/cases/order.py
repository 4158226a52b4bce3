"""Tokens with several faults: the first in the order of checks is the answer.

size and form, header, typ, payload is a JSON object, issuer known and in the policy, algorithm, key, signature, claim
shapes, required claims, exp, nbf, iat, audience, client, claims, nonce, cnf, step-up, scope. Only a token whose key is
not there is checked in full before that is said: a token that is known to be bad must not cost a fetch.
"""

from minting import DROP, NOW, access, mint


def cases(add):
    every = {"policy": "access-token-use", "request": {"nonce": "n", "max_age": 60, "scope": "read", "audience": "a"}}

    # From the last fault to the first: each vector has all the faults of those before it.
    claims = access(aud="a", token_use="access", nonce="n", auth_time=NOW, scope="read")
    add("01-none", "accept", mint(claims), "no fault", **every)
    steps = [
        ("02-scope", "insufficient_scope", {"scope": "x"}),
        ("03-step-up", "insufficient_user_authentication", {"auth_time": NOW - 1000}),
        ("04-cnf", "proof_required", {"cnf": {}}),
        ("05-nonce", "wrong_nonce", {"nonce": "x"}),
        ("06-claims", "claim_mismatch", {"token_use": "id"}),
        ("07-client", "wrong_client", {"client_id": "stranger"}),
        ("08-audience", "wrong_audience", {"aud": "b"}),
        ("09-iat", "issued_in_future", {"iat": NOW + 100}),
        ("10-nbf", "not_yet_valid", {"nbf": NOW + 100}),
        ("11-exp", "expired", {"exp": NOW - 100}),
        ("12-required", "missing_claim", {"exp": DROP}),
        ("13-shapes", "malformed_claims", {"sub": 1}),
    ]
    faults = {}
    for name, expect, fault in steps:
        faults.update(fault)
        add(name, expect, mint(access({**claims, **faults})), f"the fault {name[3:]} and all later ones", **every)
        # The same with a key that is not there: every check that needs no key comes first.
        add(f"{name}-unknown-kid", expect, mint(access({**claims, **faults}), header={"kid": "rotated"}),
            "the same fault, and a kid that the set does not have: it costs no fetch", **every)
    worst = access({**claims, **faults})
    add("14-signature", "bad_signature", mint(worst, key="mallory-rsa", header={"kid": "rsa"}),
        "a bad signature before all faults of the claims", **every)
    add("15-key", "unknown_key", mint(claims, header={"kid": "rotated"}, signature=bytes(256)),
        "an unknown kid before a bad signature, the claims being good", **every)
    add("16-algorithm", "algorithm_not_allowed", mint(worst, alg="none", header={"kid": "rotated"}, signature=b""),
        "the algorithm before key, signature and claims", **every)
    add("17-issuer", "unknown_issuer",
        mint(access({**worst, "iss": "https://evil.example"}), alg="none", header={"kid": "rotated"}, signature=b""),
        "the issuer before the algorithm", **every)
    add("17-issuer-absent", "missing_claim", mint(access({**worst, "iss": DROP}), alg="none", signature=b""),
        "without iss no issuer can be looked for", claim="iss", **every)
    add("18-payload", "malformed_claims", mint(alg="none", payload="[]", signature=b""), "the payload before the issuer", **every)
    add("19-type", "wrong_type", mint(alg="none", typ="dpop+jwt", payload="[]", signature=b""), "typ before the payload", **every)
    add("20-header", "invalid_header",
        mint(alg="none", typ="dpop+jwt", header={"crit": []}, payload="[]", signature=b""), "the header before typ", **every)
    add("21-form", "malformed_token",
        mint(alg="none", typ="dpop+jwt", header={"crit": []}, payload="[]", signature=b"") + "=", "form before the header",
        **every)
    crooked = dict(segments=lambda one, two: (one, two + "="))
    add("21-form-payload-and-header", "malformed_token", mint(header={"crit": []}, **crooked),
        "the form of every segment before the header's meaning", **every)
    add("21-form-payload-and-type", "malformed_token", mint(typ="dpop+jwt", **crooked),
        "the form of every segment before typ", **every)
    add("21-form-payload-and-header-json", "malformed_token", mint(head="x", **crooked),
        "the form of every segment before the header's JSON", **every)
    add("21-form-header-and-signature", "malformed_token", mint(head="x") + "=",
        "the form of every segment before the header's JSON", **every)
    add("22-size", "token_too_large", mint(header={"crit": []}) + "=" * 16384, "size before form", **every)

    # Pairs that are easily turned round.
    add("expired-and-wrong-audience", "expired", mint(access(exp=NOW - 100, aud="x")), "exp before aud", claim="exp")
    add("expired-and-early", "expired", mint(access(exp=NOW - 100, nbf=NOW + 100)), "exp before nbf", claim="exp")
    add("ill-typed-and-missing", "malformed_claims", mint(access(jti=1, exp=DROP)), "shapes before what is required", claim="jti")
    add("missing-and-expired", "missing_claim", mint(access(jti=DROP, exp=NOW - 100)), "what is required before exp", claim="jti")
    add("bad-signature-and-ill-typed", "bad_signature", mint(access(sub=1), key="mallory-rsa", header={"kid": "rsa"}),
        "nothing of a forged token's claims is told")
    add("bad-signature-and-expired", "bad_signature", mint(access(exp=1), key="mallory-rsa", header={"kid": "rsa"}),
        "an expired forgery is a forgery")
    add("bad-signature-without-kid-and-expired", "bad_signature",
        mint(access(exp=1), key="mallory-rsa", header={"kid": DROP}), "the same when several keys were tried")
    add("misfit-and-expired", "expired", mint(access(exp=1), key="p256", header={"kid": "rsa"}),
        "no fitting key: the checks that need none come first", claim="exp")
    add("unknown-kid-and-malformed", "malformed_claims", mint(access(aud=[1]), header={"kid": "rotated"}),
        "no key: an ill-typed claim is known without one", claim="aud")
    add("unknown-kid-and-bad-signature", "unknown_key", mint(header={"kid": "rotated"}, signature=b"x"),
        "no key: whether the signature is good is not known")
    add("wrong-type-and-expired", "wrong_type", mint(access(exp=1), typ="JWT"), "typ before exp")
    add("opaque-and-too-large", "token_too_large", "x" * 20000, "size before form")
    add("crit-and-alg-none", "invalid_header", mint(alg="none", header={"crit": ["x"]}, signature=b""),
        "crit before the algorithm")
    add("algorithm-and-unknown-issuer", "unknown_issuer", mint(access(iss="https://evil.example"), alg="HS256", signature=b"x"),
        "whose algorithms would be looked at?", claim="iss")
