"""Header members: those that change the meaning of a token, duplicates, wrong types."""

import json

from minting import DROP, jwk, mint


def text(*members):
    return "{" + ",".join(f'"{name}":{value}' for name, value in members) + "}"


GOOD = [("alg", '"RS256"'), ("kid", '"rsa"'), ("typ", '"at+jwt"')]


def cases(add):
    # crit, b64, zip: present in any form (RFC 7515 section 4.1.11, RFC 7797, RFC 7516 section 4.1.3).
    for name, value, comment in [
        ("empty", [], "an empty crit is not allowed by RFC 7515"),
        ("unknown", ["x"], "an extension that is not known"),
        ("b64", ["b64"], "the one critical extension in the wild"),
        ("exp", ["exp"], "a member that bearerd knows, but not as an extension"),
        ("alg", ["alg"], "a member that may not be listed"),
        ("string", "b64", "a string instead of a list"),
        ("null", None, "null is present"),
        ("object", {}, "an object"),
        ("numbers", [1], "a list of numbers"),
        ("twice", ["x", "x"], "a name listed twice"),
    ]:
        add(f"crit-{name}", "invalid_header", mint(header={"crit": value, "x": 1}), f"crit: {comment}")
    add("crit-absent-member", "invalid_header", mint(header={"crit": ["absent"]}), "crit lists a member that is not there")
    add("crit-escaped-name", "invalid_header", mint(head=text(*GOOD, ("\\u0063rit", '["x"]'), ("x", "1"))),
        "crit, its name written with an escape")
    for value, name in [(True, "true"), (False, "false"), (None, "null"), ("false", "string")]:
        add(f"b64-{name}", "invalid_header", mint(header={"b64": value}), "b64 without crit, in any form")
    add("b64-with-crit", "invalid_header", mint(header={"b64": False, "crit": ["b64"]}),
        "b64 announced as RFC 7797 asks")
    add("b64-true-with-crit", "invalid_header", mint(header={"b64": True, "crit": ["b64"]}),
        "b64 true, announced: means what it meant without")
    for value, name in [("DEF", "deflate"), ("", "empty"), (None, "null"), (1, "number")]:
        add(f"zip-{name}", "invalid_header", mint(header={"zip": value}), "zip belongs to JWE: nothing is inflated")

    # Keys that the token brings itself are never used.
    mallory = "mallory-rsa"
    for kid, expect in [("rsa", "bad_signature"), (DROP, "bad_signature"), (mallory, "unknown_key")]:
        suffix = {"rsa": "known-kid", DROP: "no-kid", mallory: "unknown-kid"}[kid]
        brought = {
            "jwk": jwk(mallory, alg="RS256", kid=mallory),
            "jku": "https://issuer.example/keys.json",
            "x5u": "https://issuer.example/chain.pem",
            "x5c": ["MIIB"],
        }
        for member, value in brought.items():
            add(f"embedded-{member}-{suffix}", expect, mint(key=mallory, header={"kid": kid, member: value}),
                f"signed by a key that the token itself brings in {member}")
    add("embedded-jwk-ignored", "accept", mint(header={"jwk": jwk(mallory)}),
        "a good token stays good whatever key it carries")
    add("embedded-all-ignored", "accept",
        mint(header={"jku": "https://m.example", "x5u": "http://m.example", "x5c": [], "x5t": "AA", "x5t#S256": "AA"}),
        "all of the members that point to keys, ignored")
    add("embedded-ill-typed-ignored", "accept", mint(header={"jwk": 1, "jku": None, "x5c": "x", "x5u": {}}),
        "what is never used is not looked at")
    add("embedded-jwk-ec", "bad_signature", mint(key="mallory-p256", header={"kid": "p256", "jwk": jwk("mallory-p256")}),
        "an embedded EC key")
    add("embedded-jwk-same-kid", "bad_signature",
        mint(key="mallory-ed25519", header={"kid": "ed25519", "jwk": jwk("mallory-ed25519", kid="ed25519")}),
        "an embedded key that calls itself by the known key's kid")
    add("embedded-x5t-alone", "accept", mint(header={"x5t": "no key of this thumbprint"}), "x5t does not choose a key")

    # Duplicates: two parsers would see two tokens.
    add("duplicate-alg", "invalid_header", mint(head=text(*GOOD, ("alg", '"RS256"'))), "alg twice, equal")
    add("duplicate-alg-none", "invalid_header", mint(head=text(("alg", '"none"'), *GOOD)), "alg twice, first none")
    add("duplicate-alg-escaped", "invalid_header", mint(head=text(*GOOD, ("\\u0061lg", '"none"'))),
        "alg twice, once written with an escape")
    add("duplicate-kid", "invalid_header", mint(head=text(*GOOD, ("kid", '"other"'))), "kid twice")
    add("duplicate-typ", "invalid_header", mint(head=text(*GOOD, ("typ", '"JWT"'))), "typ twice")
    add("duplicate-unknown", "invalid_header", mint(head=text(*GOOD, ("x", "1"), ("x", "1"))),
        "a member that nobody reads, twice")
    add("duplicate-nested", "invalid_header", mint(head=text(*GOOD, ("x", '{"y":1,"y":2}'))),
        "a duplicate inside a member that nobody reads")
    add("case-is-no-duplicate", "accept", mint(head=text(*GOOD, ("Alg", '"none"'), ("ALG", '"HS256"'))),
        "member names are case-sensitive: Alg is not alg")

    # Types.
    wrong = [("number", 1), ("null", None), ("array", ["RS256"]), ("object", {}), ("true", True)]
    for name, value in wrong:
        add(f"alg-{name}", "invalid_header", mint(header={"alg": value}), f"alg is not a string but: {name}")
        add(f"kid-{name}", "invalid_header", mint(header={"kid": value}), f"kid is not a string but: {name}")
        add(f"typ-{name}", "invalid_header", mint(header={"typ": value}), f"typ is not a string but: {name}")
    add("alg-absent", "invalid_header", mint(header={"alg": DROP}), "alg is required (RFC 7515 section 4.1.1)")
    add("only-upper-case-alg", "invalid_header", mint(header={"alg": DROP, "ALG": "RS256"}), "ALG is not alg")
    add("empty-object", "invalid_header", mint(head="{}"), "no member at all")

    # Not a JSON object, by the strict reading.
    raw = json.dumps({"alg": "RS256", "kid": "rsa", "typ": "at+jwt"}, separators=(",", ":"))
    for name, head, comment in [
        ("not-json", "alg=RS256", "not JSON"),
        ("array", "[" + raw + "]", "an array around the object"),
        ("string", json.dumps(raw), "the object as a string"),
        ("number", "0", "a number"),
        ("null", "null", "null"),
        ("byte-order-mark", b"\xef\xbb\xbf" + raw.encode(), "a byte order mark"),
        ("utf-16", raw.encode("utf-16-le"), "UTF-16"),
        ("invalid-utf-8", raw[:-1].encode() + b',"x":"\xff"}', "bytes that are not UTF-8"),
        ("overlong", raw[:-1].encode() + b',"x":"\xc0\xaf"}', "an overlong form of /"),
        ("raw-surrogate", raw[:-1].encode() + b',"x":"\xed\xa0\x80"}', "a surrogate encoded as UTF-8"),
        ("beyond-unicode", raw[:-1].encode() + b',"x":"\xf4\x90\x80\x80"}', "a code point above U+10FFFF"),
        ("lone-surrogate", raw[:-1] + ',"x":"\\ud800"}', "a lone surrogate escape"),
        ("trailing-comma", raw[:-1] + ",}", "a comma before the brace"),
        ("trailing-garbage", raw + "x", "something behind the object"),
        ("two-objects", raw + raw, "two objects"),
        ("trailing-nul", raw + "\0", "a NUL behind the object"),
        ("comment", "/**/" + raw, "a comment"),
        ("single-quotes", raw.replace('"', "'"), "single quotes"),
        ("unquoted-names", raw.replace('"alg"', "alg"), "a name without quotes"),
        ("control-character", raw[:-1] + ',"x":"\t"}', "a raw tab in a string"),
        ("bad-escape", raw[:-1] + ',"x":"\\x41"}', "an escape that JSON does not have"),
        ("unfinished", raw[:-1], "the closing brace is missing"),
        ("form-feed", raw + "\f", "a form feed is not JSON space"),
    ]:
        add(f"json-{name}", "invalid_header", mint(head=head), f"header: {comment}")

    def nested(depth):
        return raw[:-1] + ',"x":' + "[" * depth + "]" * depth + "}"

    add("depth-32", "accept", mint(head=nested(31)), "nesting of 32, the object included")
    add("depth-33", "invalid_header", mint(head=nested(32)), "nesting of 33")
    add("depth-5000", "invalid_header", mint(head=nested(5000)), "nesting of 5001: no stack is used up")

    # kid as a weapon.
    for name, kid in [
        ("path", "../../../../dev/null"), ("sql", "x' UNION SELECT 'key"), ("url", "https://m.example/key"),
        ("nul", "rsa\0"), ("long", "k" * 4000), ("case", "RSA"), ("space", "rsa "),
    ]:
        add(f"kid-{name}", "unknown_key", mint(header={"kid": kid}), "kid is compared with the keys' and used for nothing else")
    add("kid-escaped", "accept", mint(head=text(("alg", '"RS256"'), ("kid", '"\\u0072sa"'), ("typ", '"at+jwt"'))),
        "kid written with an escape is the same kid")
