"""The payload as JSON text: as strict as a request line (RFC 8259, RFC 7493)."""

import json

from minting import access, dump, mint, mint_id


def cases(add):
    good = dump(access())

    def extended(text):
        return good[:-1].encode() + b',"x":' + (text if isinstance(text, bytes) else text.encode()) + b"}"

    def number(text):
        return extended(text)

    for name, payload, comment in [
        ("text", "hello", "not JSON"),
        ("array", f"[{good}]", "an array around the object"),
        ("string", json.dumps(good), "the object as a string"),
        ("number", "1", "a number"),
        ("true", "true", "a boolean"),
        ("null", "null", "null"),
        ("byte-order-mark", b"\xef\xbb\xbf" + good.encode(), "a byte order mark"),
        ("utf-16", good.encode("utf-16"), "UTF-16"),
        ("utf-32", good.encode("utf-32-be"), "UTF-32"),
        ("latin-1", extended(b'"\xe9"'), "Latin-1"),
        ("truncated-utf-8", extended(b'"\xe2\x82"'), "a character cut off"),
        ("overlong", extended(b'"\xc0\x80"'), "an overlong NUL"),
        ("raw-surrogates", extended(b'"\xed\xa0\xbd\xed\xb8\x80"'), "CESU-8: a pair of encoded surrogates"),
        ("beyond-unicode", extended(b'"\xf4\x90\x80\x80"'), "a code point above U+10FFFF"),
        ("lone-high-surrogate", extended('"\\ud83d"'), "a high surrogate alone"),
        ("lone-low-surrogate", extended('"\\ude00"'), "a low surrogate alone"),
        ("swapped-surrogates", extended('"\\ude00\\ud83d"'), "a pair in the wrong order"),
        ("surrogate-and-letter", extended('"\\ud83dA"'), "a high surrogate before a letter"),
        ("surrogate-in-name", good[:-1] + ',"\\ud800":1}', "a lone surrogate in a member's name"),
        ("trailing-comma", good[:-1] + ",}", "a comma before the brace"),
        ("trailing-garbage", good + "]", "something behind the object"),
        ("trailing-object", good + '{"sub":"admin"}', "another object behind the first"),
        ("trailing-nul", good + "\0", "a NUL behind the object"),
        ("unfinished", good[:-1], "the closing brace is missing"),
        ("half", good[: len(good) // 2], "half of it"),
        ("comment", good[:-1] + "/* */}", "a comment"),
        ("line-comment", good + " // admin", "a line comment"),
        ("single-quotes", good.replace('"', "'"), "single quotes"),
        ("unquoted-name", good.replace('"sub"', "sub"), "a name without quotes"),
        ("control-character", extended('"\x01"'), "a raw control character in a string"),
        ("raw-line-feed", extended('"a\nb"'), "a raw line feed in a string"),
        ("bad-escape", extended('"\\a"'), "an escape that JSON does not have"),
        ("short-escape", extended('"\\u00e"'), "three digits after \\u"),
        ("capital-true", extended("True"), "True"),
        ("nan", number("NaN"), "NaN"),
        ("infinity", number("-Infinity"), "-Infinity"),
        ("leading-zero", number("01"), "a leading zero"),
        ("plus", number("+1"), "a plus sign"),
        ("bare-fraction", number(".5"), "a fraction without its zero"),
        ("bare-point", number("1."), "a point without a fraction"),
        ("bare-exponent", number("1e"), "an exponent without digits"),
        ("hexadecimal", number("0x10"), "hexadecimal"),
        ("minus", number("-"), "a minus alone"),
        ("underscore", number("1_000"), "an underscore in a number"),
        ("double-comma", good.replace(",", ",,", 1), "two commas"),
        ("missing-colon", good.replace(":", " ", 1), "a colon left out"),
        ("no-break-space", "\u00a0" + good, "a no-break space is not JSON space"),
        ("form-encoded", "iss=https%3A%2F%2Fissuer.example&sub=user-1", "a form"),
        ("cbor", bytes.fromhex("a1016a6973737565722e6578"), "CBOR"),
    ]:
        add(name, "malformed_claims", mint(payload=payload), f"payload: {comment}")

    add("claims-set-empty", "missing_claim", mint(payload="{}"), "an object without members has no iss", claim="iss")

    for name in ["iss", "sub", "aud", "exp", "client_id", "iat", "jti"]:
        value = json.dumps(access()[name])
        add(f"duplicate-{name}", "malformed_claims", mint(payload=good[:-1] + f',"{name}":{value}}}'),
            f"{name} twice, equal")
    add("duplicate-sub-other", "malformed_claims", mint(payload='{"sub":"admin",' + good[1:]),
        "sub twice: which one counts depends on who reads")
    add("duplicate-exp-escaped", "malformed_claims", mint(payload=good[:-1] + ',"e\\u0078p":9999999999}'),
        "exp twice, once written with an escape")
    add("duplicate-iss-all-escaped", "malformed_claims",
        mint(payload=good[:-1] + ',"\\u0069\\u0073\\u0073":"https://m.example"}'), "iss twice, once all in escapes")
    add("duplicate-unknown", "malformed_claims", mint(payload=good[:-1] + ',"x":1,"x":1}'), "an unknown claim twice")
    add("duplicate-nested", "malformed_claims", mint(payload=good[:-1] + ',"x":[{"y":{"z":1,"z":2}}]}'),
        "a duplicate three levels down")
    add("duplicate-null-escaped", "malformed_claims", mint(payload=good[:-1] + ',"a\\u0000":1,"a\\u0000":2}'),
        "a duplicate whose name has a NUL")
    add("duplicate-slash-escaped", "malformed_claims", mint(payload=good[:-1] + ',"a/b":1,"a\\/b":2}'),
        "a duplicate, once with the slash escaped")
    add("duplicate-pair-escaped", "malformed_claims",
        mint(payload=good[:-1] + ',"\U0001f600":1,"\\ud83d\\ude00":2}'), "a duplicate, once as an escaped pair")
    add("duplicate-last-of-many", "malformed_claims",
        mint(payload=good[:-1] + "," + ",".join(f'"c{n}":0' for n in range(600)) + ',"c3":1}'),
        "the duplicate of a claim 600 members before")
    add("no-duplicate-case", "accept", mint(payload=good[:-1] + ',"Sub":"admin","EXP":0,"Iss":1}'),
        "claim names are case-sensitive: EXP is not exp")
    add("no-duplicate-normal-form", "accept", mint(payload=good[:-1] + ',"\u00e9":1,"e\u0301":2}'),
        "names are compared as bytes: two Unicode normal forms are two names")
    add("no-duplicate-kelvin", "accept", mint(payload=good[:-1] + ',"K":1,"\u212a":2}'),
        "the Kelvin sign is canonically equivalent to K, and yet another name")
    add("no-duplicate-prefix", "accept", mint(payload=good[:-1] + ',"sub\\u0000":"x","su":"y"}'),
        "a name that continues after a NUL is another name")
    add("no-duplicate-levels", "accept", mint(payload=good[:-1] + ',"x":{"sub":"admin","exp":0,"x":1}}'),
        "the same names at another level")
    add("escaped-names", "accept", mint(payload=good.replace('"exp"', '"\\u0065xp"').replace('"iss"', '"is\\u0073"')),
        "names written with escapes are the same names")

    def nested(depth, opening="[", closing="]"):
        return good[:-1] + ',"x":' + opening * depth + ("1" if opening != "[" else "") + closing * depth + "}"

    add("depth-32", "accept", mint(payload=nested(31)), "nesting of 32, the object included")
    add("depth-33", "malformed_claims", mint(payload=nested(32)), "nesting of 33")
    add("depth-33-objects", "malformed_claims", mint(payload=nested(32, '{"y":', "}")), "nesting of 33, in objects")
    add("depth-32-objects", "accept", mint(payload=nested(31, '{"y":', "}")), "nesting of 32, in objects")
    add("depth-5000-unclosed", "malformed_claims", mint(payload="[" * 5000), "5000 brackets: no stack is used up")
    add("depth-beside", "accept", mint(payload=good[:-1] + ',"x":[' + ",".join(["[]"] * 1000) + "]}"),
        "a thousand arrays beside each other are not deep")
    add("id-not-json", "malformed_claims", mint_id(payload="x"), "the same for ID tokens", policy="id")
    unsigned = mint(payload="[]", signature=b"")
    add("unsigned-array", "malformed_claims", unsigned, "that the payload is an object is seen before the signature is")
