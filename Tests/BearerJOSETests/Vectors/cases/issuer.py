"""iss: compared byte for byte, after JSON's escapes, before any key is looked for."""

from minting import DROP, ISSUER, Raw, access, mint


def cases(add):
    for name, value, comment in [
        ("other", "https://evil.example", "an issuer that nobody configured"),
        ("trailing-slash", ISSUER + "/", "a trailing slash"),
        ("upper-case", "https://ISSUER.example", "host names know no case, iss does"),
        ("upper-case-scheme", "HTTPS://issuer.example", "schemes know no case, iss does"),
        ("http", "http://issuer.example", "another scheme"),
        ("port", ISSUER + ":443", "the default port, written"),
        ("no-scheme", "issuer.example", "no scheme"),
        ("prefix", ISSUER + ".evil.example", "the configured url is only a prefix"),
        ("shorter", ISSUER[:-1], "the last letter is missing"),
        ("userinfo", "https://issuer.example@evil.example", "the configured host as user information"),
        ("path", ISSUER + "/tenant", "a path"),
        ("dot-path", ISSUER + "/.", "a path that a URL library removes"),
        ("fragment", ISSUER + "#", "an empty fragment"),
        ("query", ISSUER + "?", "an empty query"),
        ("percent-encoded", "https://issuer%2Eexample", "percent-encoding"),
        ("final-dot", "https://issuer.example.", "an absolute host name"),
        ("space", ISSUER + " ", "a space behind"),
        ("leading-space", " " + ISSUER, "a space before"),
        ("line-feed", ISSUER + "\n", "a line feed behind"),
        ("full-width", "https://\uff49ssuer.example", "a full-width letter"),
        ("zero-width", "https://issuer\u200b.example", "a character that is not seen"),
        ("empty", "", "an empty string"),
        ("short-name", "main", "the short name of the configuration"),
    ]:
        add(name, "unknown_issuer", mint(access(iss=value)), f"iss: {comment}", policy="access-issuers", claim="iss")
    add("known-elsewhere", "unknown_issuer", mint(access(iss="https://other.example"), key="p256"),
        "an issuer that is configured, but not in this policy", claim="iss")

    add("slash-escaped", "accept", mint(access(iss=Raw('"https:\\/\\/issuer.example"'))), "slashes escaped, as PHP writes")
    add("letter-escaped", "accept", mint(access(iss=Raw('"\\u0068ttps://issuer.example"'))), "a letter escaped")
    add("path-good", "accept", mint(access(iss="https://issuer.example/K\u00e9")),
        "an issuer whose url has characters beyond ASCII", policy="access-issuers")
    add("path-raw-utf-8", "accept", mint(access(iss=Raw('"https://issuer.example/K\u00e9"'))),
        "the same, unescaped", policy="access-issuers")
    add("path-kelvin", "unknown_issuer", mint(access(iss="https://issuer.example/\u212a\u00e9")),
        "the Kelvin sign for K: canonically equivalent, not equal", policy="access-issuers", claim="iss")
    add("path-decomposed", "unknown_issuer", mint(access(iss="https://issuer.example/Ke\u0301")),
        "a decomposed accent: canonically equivalent, not equal", policy="access-issuers", claim="iss")

    for name, value in [("number", 1), ("array", [ISSUER]), ("object", {"url": ISSUER}), ("true", True)]:
        add(f"type-{name}", "malformed_claims", mint(access(iss=value)), f"iss is not a string but: {name}", claim="iss")
    add("absent", "missing_claim", mint(access(iss=DROP)), "no iss", claim="iss")
    add("null", "missing_claim", mint(access(iss=None)), "iss is null", claim="iss")
    add("nul", "malformed_claims", mint(access(iss=ISSUER + "\0")), "a NUL behind the url", claim="iss")
    add("nul-and-more", "malformed_claims", mint(access(iss=ISSUER + "\0.evil.example")),
        "a C string would end at the configured url", claim="iss")

    # Each issuer has its own keys.
    add("other-good", "accept", mint(access(iss="https://other.example"), key="p256-b", header={"kid": "p256"}),
        "the other issuer's token under its own key", policy="access-issuers")
    add("keys-of-other", "bad_signature", mint(key="p256-b", header={"kid": "p256"}),
        "one issuer's token signed by another's key of the same kid", policy="access-issuers")
    add("keys-of-main", "bad_signature", mint(access(iss="https://other.example"), key="p256"),
        "and the other way round", policy="access-issuers")
    add("keys-of-main-unknown", "unknown_key", mint(access(iss="https://other.example"), key="ed25519"),
        "a kid that only another issuer has", policy="access-issuers")
