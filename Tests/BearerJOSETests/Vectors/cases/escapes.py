"""Names and values written with JSON escapes mean what they mean without: nothing can be hidden behind one."""

from minting import CLIENT, DROP, NOW, Raw, access, dump, identity, mint, mint_id


def escaped(name):
    """A name all in escapes, quoted."""
    return '"' + "".join(f"\\u{ord(letter):04x}" for letter in name) + '"'


def with_escaped(name, claims):
    """Claims of which one has its name in escapes."""
    return dump(claims).replace(f'"{name}":', f"{escaped(name)}:", 1)


def cases(add):
    for name, expect, claims, headers in [
        ("exp", "expired", access(exp=NOW - 100), {}),
        ("nbf", "not_yet_valid", access(nbf=NOW + 100), {}),
        ("iat", "issued_in_future", access(iat=NOW + 100), {}),
        ("iss", "unknown_issuer", access(iss="https://evil.example"), {}),
        ("aud", "wrong_audience", access(aud="x"), {}),
        ("cnf", "proof_required", access(cnf={"jkt": "x"}), {}),
        ("client_id", "wrong_client", access(client_id="stranger"), {"policy": "access-clients"}),
        ("azp", "wrong_client", access(client_id=DROP, azp="stranger"), {"policy": "any-clients"}),
        ("token_use", "claim_mismatch", access(token_use="id"), {"policy": "access-claim-string"}),
        ("nonce", "wrong_nonce", access(nonce="x"), {"request": {"nonce": "n"}}),
        ("sub", "malformed_claims", access(sub=1), {}),
        ("jti", "malformed_claims", access(jti=1), {}),
        ("acr", "malformed_claims", access(acr=1), {"policy": "access-acr"}),
        ("auth_time", "malformed_claims", access(auth_time="x"), {"policy": "access-max-age"}),
    ]:
        add(f"refused-{name}", expect, mint(payload=with_escaped(name, claims)), f"{name}, its name in escapes",
            claim=name, **headers)
    for name in ["events", "at_hash", "c_hash"]:
        add(f"refused-{name}", "wrong_type", mint(payload=with_escaped(name, access({name: "x"})), typ="JWT"),
            f"{name}, its name in escapes", policy="any", claim=name)
    add("refused-acr-value", "insufficient_user_authentication", mint(payload=with_escaped("acr", access(acr="bronze"))),
        "acr, its name in escapes", policy="access-acr", reason="acr")
    add("refused-auth_time-value", "insufficient_user_authentication",
        mint(payload=with_escaped("auth_time", access(auth_time=0))), "auth_time, its name in escapes",
        policy="access-max-age", reason="too_old")
    add("refused-scope", "insufficient_scope", mint(payload=with_escaped("scope", access(scope="read"))),
        "scope, its name in escapes", policy="access-scopes")
    add("refused-azp-id", "wrong_client", mint_id(payload=with_escaped("azp", identity(azp="stranger"))),
        "azp, its name in escapes", policy="id", claim="azp")

    for name in ["iss", "sub", "aud", "client_id", "iat", "exp", "jti"]:
        add(f"accepted-{name}", "accept", mint(payload=with_escaped(name, access())), f"{name}, its name in escapes")
    for name, claims, headers in [
        ("tenant", access(tenant="a"), {"policy": "access-required"}),
        ("token_use", access(token_use="access"), {"policy": "access-claim-string"}),
        ("scope", access(scope="read write"), {"policy": "access-scopes"}),
        ("permissions", access(permissions=["read"]), {"policy": "access-scopes-elsewhere"}),
        ("acr", access(acr="gold"), {"policy": "access-acr"}),
        ("auth_time", access(auth_time=NOW), {"policy": "access-max-age"}),
        ("nonce", access(nonce="n"), {"request": {"nonce": "n"}}),
        ("azp", access(client_id=DROP, azp=CLIENT), {"policy": "any-clients"}),
    ]:
        add(f"accepted-{name}", "accept", mint(payload=with_escaped(name, claims)), f"{name}, its name in escapes", **headers)
    add("accepted-all-names", "accept",
        mint(payload="{" + ",".join(f"{escaped(name)}:{dump({'': value})[4:-1]}" for name, value in access().items()) + "}"),
        "every name in escapes")

    def value(name, claims, **headers):
        add(f"value-{name}", headers.pop("expect", "accept"), mint(access(claims)),
            f"{name}: a value written with escapes is that value", **headers)

    value("scope-space", {"scope": Raw('"read\\u0020write"')}, policy="access-scopes")
    value("scope-word", {"scope": Raw('"openid r\\u0065ad wri\\u0074e"')}, policy="access-scopes")
    value("scope-array", {"scp": Raw('["\\u0072ead","write"]')}, policy="access-scopes")
    value("scope-missing", {"scope": Raw('"re\\u0061d openi\\u0064"')}, policy="access-scopes", expect="insufficient_scope")
    value("scope-escaped-quote", {"scope": Raw('"read write\\""')}, policy="access-scopes", expect="insufficient_scope")
    value("scope-escaped-tab", {"scope": Raw('"read\\twrite"')}, policy="access-scopes", expect="insufficient_scope")
    value("client", {"client_id": Raw('"\\u0061pp"')}, policy="access-clients")
    value("acr", {"acr": Raw('"g\\u006fld"')}, policy="access-acr")
    value("nonce", {"nonce": Raw('"\\u006E"')}, request={"nonce": "n"})
    value("aud-list", {"aud": Raw('["x","https:\\/\\/api\\u002eexample"]')})
    value("claim-list", {"token_use": Raw('["x","acc\\u0065ss"]')}, policy="access-claim-string")
    value("claim-surrogates", {"role": Raw('"\\ud83d\\ude00"')}, policy="access-claim-any-of", expect="claim_mismatch",
          claim="role")
    value("backslash-is-no-escape", {"token_use": Raw('"\\\\u0061ccess"')}, policy="access-claim-string",
          expect="claim_mismatch", claim="token_use")

    head = '{"alg":"RS256","kid":"rsa","typ":"at+jwt"}'
    for name in ["alg", "kid", "typ"]:
        add(f"header-{name}", "accept", mint(head=head.replace(f'"{name}"', escaped(name))), f"{name}, its name in escapes")
    for name in ["crit", "b64", "zip"]:
        add(f"header-{name}", "invalid_header", mint(head=f"{head[:-1]},{escaped(name)}:[]}}"), f"{name}, its name in escapes")
    add("header-typ-value", "accept", mint(head=head.replace("at+jwt", "\\u0061t\\u002Bjwt")), "typ's value with escapes")
    add("header-typ-other-value", "wrong_type", mint(head=head.replace("at+jwt", "\\u004aWT")), "JWT, with an escape")
    add("header-typ-id-token", "accept", mint_id(header={"typ": Raw('"\\u004aWT"')}), "JWT, with an escape", policy="id")
