"""Types of claims, missing claims, NULs: after the signature, before any comparison."""

from minting import AUDIENCE, CLIENT, DROP, NOW, Raw, access, identity, mint, mint_id

REQUIRED = {
    "access": ["iss", "exp", "sub", "aud", "client_id", "iat", "jti"],
    "id": ["iss", "exp", "sub", "aud", "iat"],
    "any": ["iss", "exp"],
}


def cases(add):
    string = {"number": 1, "true": True, "array": ["x"], "object": {"x": "x"}, "empty-array": []}
    time = {"string": str(NOW + 100), "true": True, "array": [NOW + 100], "object": {}, "empty-string": ""}
    wrong = {
        "sub": string, "jti": string, "client_id": string, "azp": string, "nonce": string,
        "exp": time, "nbf": time, "iat": time,
        "aud": {"number": 1, "true": True, "object": {AUDIENCE: 1}, "array-with-number": [AUDIENCE, 1],
                "array-with-null": [AUDIENCE, None], "nested-array": [[AUDIENCE]], "array-with-object": [{}, AUDIENCE]},
        "cnf": {"string": "x", "number": 1, "array": ["x"], "true": True},
    }
    for claim, values in wrong.items():
        for name, value in values.items():
            add(f"{claim}-{name}", "malformed_claims", mint(access({claim: value})),
                f"{claim} is ill-typed: {name.replace('-', ' ')}", claim=claim)
    # Only step-up needs these: their shape costs the token where it is asked for, and not elsewhere.
    for claim, values, policy in [("acr", string, "access-acr"), ("auth_time", time, "access-max-age")]:
        for name, value in values.items():
            add(f"{claim}-{name}", "malformed_claims", mint(access({claim: value})),
                f"{claim} is asked for and ill-typed: {name.replace('-', ' ')}", policy=policy, claim=claim)
            add(f"{claim}-{name}-unasked", "accept", mint(access({claim: value})),
                f"{claim} is ill-typed ({name.replace('-', ' ')}), and nobody asks for it")
    for claim in ["scope", "scp"]:
        for name, value in {"number": 1, "true": True, "object": {}, "array-with-number": ["read", 1],
                            "nested-array": [["read", "write"]]}.items():
            add(f"{claim}-{name}", "malformed_claims", mint(access({claim: value})),
                f"{claim}, read by the policy, is ill-typed: {name.replace('-', ' ')}", policy="access-scopes", claim=claim)

    for kind, required in REQUIRED.items():
        for claim in required:
            make = identity if kind == "id" else access
            add(f"missing-{claim}-{kind}", "missing_claim", mint(make({claim: DROP}), typ="JWT" if kind == "id" else "at+jwt"),
                f"token_type {kind} requires {claim}", policy="any-without-audience" if kind == "any" else kind, claim=claim)
            add(f"null-{claim}-{kind}", "missing_claim", mint(make({claim: None}), typ="JWT" if kind == "id" else "at+jwt"),
                f"token_type {kind} requires {claim}: null is none", policy="any-without-audience" if kind == "any" else kind,
                claim=claim)
    for claim in ["nbf", "azp", "auth_time", "acr", "nonce", "cnf", "scope"]:
        add(f"null-{claim}-optional", "accept", mint(access({claim: None})), f"{claim} is optional, and null is none")
    for claim in ["sub", "client_id", "iat", "jti"]:
        add(f"not-required-{claim}-any", "accept", mint(access({claim: DROP}), typ="JWT"), f"any does not require {claim}",
            policy="any")
    add("not-required-client_id-id", "accept", mint_id(identity(client_id=DROP, jti=DROP)),
        "an ID token needs neither client_id nor jti", policy="id")
    add("aud-required-unchecked", "missing_claim", mint(access(aud=DROP)),
        "audience_check = false does not make aud optional for an access token", policy="access-without-audience",
        claim="aud")
    add("aud-shape-unchecked", "malformed_claims", mint(access(aud=1)),
        "audience_check = false does not make every aud well-typed", policy="access-without-audience", claim="aud")

    for claim in ["sub", "aud", "client_id", "jti"]:
        good = access()[claim]
        add(f"nul-{claim}", "malformed_claims", mint(access({claim: good + "\0"})), f"a NUL behind {claim}", claim=claim)
        add(f"nul-inside-{claim}", "malformed_claims", mint(access({claim: good + "\0x"})),
            f"a NUL inside {claim}: a C string would end before it", claim=claim)
    add("nul-aud-array", "malformed_claims", mint(access(aud=[AUDIENCE, "x\0"])), "a NUL in one of the audiences", claim="aud")
    add("nul-azp", "malformed_claims", mint(access(azp=CLIENT + "\0")), "a NUL in azp", claim="azp")
    add("nul-elsewhere", "accept", mint(access(note="a\0b")), "a NUL in a claim that is not registered")
    add("empty-sub", "accept", mint(access(sub="")), "an empty subject is a string all the same")
    add("long-sub", "accept", mint(access(sub="s" * 5000)), "no bound but the token's own")
    add("sub-escaped", "accept", mint(access(sub=Raw('"\\u0075ser\\/1\\n\\"\\\\"'))), "every kind of escape")
    add("aud-escaped", "accept", mint(access(aud=Raw('"https:\\/\\/api.exampl\\u0065"'))), "an audience written with escapes")
