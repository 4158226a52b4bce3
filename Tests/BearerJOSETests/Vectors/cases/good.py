"""Tokens that are good, in every algorithm and of every kind."""

from minting import DROP, NOW, Raw, access, dump, identity, mint, mint_id

EVERY = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA"


def cases(add):
    add("access", "accept", mint(), "an access token as RFC 9068 describes it")
    add("id", "accept", mint_id(), "an ID token as OpenID Connect Core describes it", policy="id")
    add("any", "accept", mint(typ=DROP), "any signed JWT", policy="any")
    add("any-only-iss-and-exp", "accept", mint({"iss": access()["iss"], "exp": NOW + 1}, typ=DROP),
        "iss and exp are all that every kind must have", policy="any-without-audience")
    add("no-optional-audience-check", "accept", mint(access(aud="https://elsewhere.example")),
        "audience_check = false, in so many words", policy="access-without-audience")

    keys = {"RS": "rsa", "PS": "rsa", "ES256": "p256", "ES384": "p384", "ES512": "p521"}
    for alg in EVERY.split()[:-1]:
        key = keys.get(alg) or keys[alg[:2]]
        add(f"alg-{alg.lower()}", "accept", mint(key=key, alg=alg, header={"kid": DROP}),
            f"{alg} under a key that names no algorithm", keys="bare-all", algorithms=EVERY)
    add("alg-eddsa-ed25519", "accept", mint(key="ed25519"), "EdDSA with an Ed25519 key (RFC 8037)")
    add("alg-eddsa-ed448", "accept", mint(key="ed448"), "EdDSA with an Ed448 key (RFC 8037)")
    add("alg-ed25519", "accept", mint(key="ed25519", alg="Ed25519"), "the same algorithm by RFC 9864's name")
    add("alg-ed448", "accept", mint(key="ed448", alg="Ed448"), "the same algorithm by RFC 9864's name")
    add("alg-ps256-3072", "accept", mint(key="rsa-3072", alg="PS256"), "a longer RSA key")

    add("space-in-json", "accept",
        mint(head=' {\n "alg" : "RS256" ,\t"kid":"rsa","typ":"at+jwt"\r}\n', payload=dump(access()).replace(",", " ,\n ")),
        "insignificant space, as JWT.io's own example has it, is JSON")
    add("unknown-claims", "accept",
        mint(access({"https://issuer.example/claims/roles": ["a", None, {"b": [True]}], "": 0, "big": Raw("1e999999")})),
        "claims that nobody reads may be anything that is JSON")
    add("unknown-header-members", "accept", mint(header={"x": [1, {"y": None}], "cty": "json"}),
        "header members that nobody reads are ignored (RFC 7515 section 4)")
    add("utf-8", "accept", mint(access(name=Raw('"J\u00fcrgen \U0001f600 \\ud83d\\ude00"'))),
        "characters beyond ASCII, raw and as an escaped pair")
    add("many-claims", "accept", mint(access({f"c{number}": number for number in range(400)})), "400 more claims")
    add("id-authgear", "accept",
        mint_id(identity(sid="s", amr=["pwd"], nonce="n", auth_time=NOW - 100)),
        "an ID token with the claims that Authgear sends", policy="id")
