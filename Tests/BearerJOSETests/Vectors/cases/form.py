"""The compact serialisation itself: segments and base64url (RFC 7515 sections 2 and 3.1)."""

import json

from minting import access, b64, dump, merge, mint, sign

JWE_HEADER = {"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "rsa"}


def stray_bits(segment):
    """The same bytes with the unused bits of the last character set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(segment) % 4 in (2, 3)
    return segment[:-1] + alphabet[alphabet.index(segment[-1]) | 1]


def padded_to(remainder):
    """Header and claims whose encoded lengths leave `remainder` modulo 4."""
    for filler in range(4):
        head = dump({"alg": "RS256", "kid": "rsa", "typ": "at+jwt", "x": "." * filler})
        if len(b64(head.encode())) % 4 == remainder:
            break
    for filler in range(4):
        payload = dump(access(x="." * filler))
        if len(b64(payload.encode())) % 4 == remainder:
            break
    return {"head": head, "payload": payload}


def of_length(length):
    """A good token of exactly this many characters."""
    for in_header in range(4):
        for filler in range(length * 3 // 4 - 600, length):
            token = mint(access(x="." * filler), header={"x": "." * in_header}, signature=bytes(256))
            if len(token) >= length:
                break
        if len(token) == length:
            return mint(access(x="." * filler), header={"x": "." * in_header})
    raise ValueError(length)


def cases(add):
    good = mint()
    first, second, third = good.split(".")

    for name, token, comment in [
        ("uuid", "0b7f5f0e-58a1-4e0c-9f0e-3a54c86d7d0c", "an opaque token"),
        ("one-segment", first, "a JWT's header alone has no dot: nothing says that it is a JWT"),
        ("one-character", "a", "the shortest opaque token"),
        ("opaque-binary", b"\xff\x00\xfe", "bytes that are not even text"),
        ("opaque-padded", "dG9rZW4=", "base64 with padding, no dot"),
    ]:
        add(name, "opaque_token", token, comment)

    malformed = [
        ("two-segments", f"{first}.{second}", "the signature is missing, and its dot"),
        ("four-segments", f"{good}.{third}", "four segments are neither JWS nor JWE"),
        ("six-segments", f"{good}.{good}", "two tokens, glued by a dot"),
        ("trailing-dot", f"{good}.", "a good token and a dot"),
        ("leading-dot", f".{good}", "a dot and a good token"),
        ("dot", ".", "two empty segments"),
        ("leading-space", f" {good}", "a space before"),
        ("trailing-space", f"{good} ", "a space behind"),
        ("trailing-line-feed", f"{good}\n", "a line feed behind"),
        ("line-break-inside", f"{first}.\n{second}.{third}", "folded like a mail header"),
        ("tab-inside", f"{first}\t.{second}.{third}", "a tab before the first dot"),
        ("nul-behind", f"{good}\x00", "a NUL behind: a C string would end before it"),
        ("nul-inside", f"{first}.{second}\x00.{third}", "a NUL inside"),
        ("bearer-prefix", f"Bearer {good}", "the scheme left in `token`"),
        ("quoted", f'"{good}"', "quotes left around it"),
        ("byte-order-mark", b"\xef\xbb\xbf" + good.encode(), "a byte order mark before"),
        ("high-bytes", good.encode() + b"\xc3\xa9", "characters beyond ASCII"),
        ("full-width", good.replace("e", "\uff45", 1).encode(), "a full-width letter that some decoders fold to ASCII"),
        ("percent-encoded", good.replace("-", "%2D", 1) if "-" in good else good + "%2D", "percent-encoding"),
        ("comma-dots", good.replace(".", ","), "no dot but two commas"),
    ]
    for name, token, comment in malformed:
        expect = "opaque_token" if b"." not in (token if isinstance(token, bytes) else token.encode()) else "malformed_token"
        add(name, expect, token, comment)

    for index, segment in enumerate(["header", "payload", "signature"]):
        def changed(change, index=index):
            """`change` applied to one segment, before the signature if that is not the segment."""
            if index < 2:
                return mint(segments=lambda *two: [change(part) if place == index else part
                                                   for place, part in enumerate(two)])
            return f"{first}.{second}.{change(third)}"

        add(f"padding-{segment}", "malformed_token", changed(lambda part: part + "=" * (-len(part) % 4 or 4)),
            f"base64 padding on the {segment}, signed so")
        add(f"one-equals-sign-{segment}", "malformed_token", changed(lambda part: part + "="), f"one = behind the {segment}")
        add(f"bad-length-{segment}", "malformed_token",
            changed(lambda part: part + "A" * ((1 - len(part)) % 4)),
            f"a {segment} whose length is 1 modulo 4 encodes no whole byte")
        add(f"space-in-{segment}", "malformed_token", changed(lambda part: part[:4] + " " + part[4:]),
            f"a space inside the {segment}")
        add(f"line-feed-in-{segment}", "malformed_token", changed(lambda part: part[:64] + "\n" + part[64:]),
            f"the {segment} folded after 64 characters, as PEM does")
        add(f"non-alphabet-{segment}", "malformed_token", changed(lambda part: part[:4] + "!" + part[5:]),
            f"a character outside the alphabet in the {segment}")
        add(f"plus-{segment}", "malformed_token", changed(lambda part: part[:4] + "+" + part[5:]),
            f"base64's + in the {segment} (base64url writes -)")
        add(f"slash-{segment}", "malformed_token", changed(lambda part: part[:4] + "/" + part[5:]),
            f"base64's / in the {segment} (base64url writes _)")

    for remainder, bits in [(2, "four"), (3, "two")]:
        shape = padded_to(remainder)
        add(f"stray-bits-header-{bits}", "malformed_token",
            mint(**shape, segments=lambda one, two: (stray_bits(one), two)),
            f"the {bits} unused bits of the header's last character are not zero, signed so")
        add(f"stray-bits-payload-{bits}", "malformed_token",
            mint(**shape, segments=lambda one, two: (one, stray_bits(two))),
            f"the {bits} unused bits of the payload's last character are not zero, signed so")
        add(f"remainder-{remainder}", "accept", mint(**shape), f"segments of {remainder} modulo 4 characters, canonical")
    add("stray-bits-signature-four", "malformed_token", f"{first}.{second}.{stray_bits(third)}",
        "a second spelling of a good RSA signature: it would make a second token out of one")
    eddsa = mint(key="ed25519").split(".")
    add("stray-bits-signature-ed25519", "malformed_token", f"{eddsa[0]}.{eddsa[1]}.{stray_bits(eddsa[2])}",
        "the same with an Ed25519 signature")
    add("swapped-alphabet", "malformed_token", f"{first}.{second}.{third.replace('-', '+').replace('_', '/')}",
        "a good signature in base64's other alphabet")

    add("empty-header", "invalid_header", f".{second}.{third}", "an empty header is no JSON object")
    add("empty-payload", "malformed_claims", mint(payload=""), "an empty payload, signed, is no JSON object")
    add("empty-signature", "bad_signature", f"{first}.{second}.", "the signature cut off, its dot kept")
    add("two-dots", "invalid_header", "..", "three empty segments: the header is looked at first")

    add("json-flattened", "unsupported_token",
        json.dumps({"protected": first, "payload": second, "signature": third}, separators=(",", ":")),
        "the flattened JSON serialisation of a good token")
    add("json-general", "unsupported_token",
        json.dumps({"payload": second, "signatures": [{"protected": first, "signature": third}]}, separators=(",", ":")),
        "the general JSON serialisation of a good token")
    add("json-unprotected-header", "unsupported_token",
        json.dumps({"header": {"alg": "none"}, "payload": second, "signature": ""}, separators=(",", ":")),
        "JSON serialisation with an unprotected header")
    add("json-no-dot", "unsupported_token", '{"payload":"","signatures":[]}',
        "JSON serialisation is told from an opaque token by its brace")

    jwe = ".".join([b64(dump(JWE_HEADER).encode()), b64(bytes(256)), b64(bytes(12)), b64(bytes(90)), b64(bytes(16))])
    add("jwe", "unsupported_token", jwe, "an encrypted token: five segments")
    add("five-segments", "unsupported_token", f"{good},{good}",
        "two tokens joined by a comma have five segments: what is in them does not matter")
    direct = ".".join([b64(b'{"alg":"dir","enc":"A128GCM"}'), "", b64(bytes(12)), b64(bytes(90)), b64(bytes(16))])
    add("jwe-direct", "unsupported_token", direct, "direct encryption has an empty second segment")
    bomb = ".".join([b64(b'{"alg":"dir","enc":"A128GCM","zip":"DEF"}'), "", b64(bytes(12)), b64(bytes(4096)),
                     b64(bytes(16))])
    add("jwe-zip", "unsupported_token", bomb, "compressed and encrypted: nothing is inflated")

    nested = mint(header={"cty": "JWT"}, payload=good)
    add("nested", "malformed_claims", nested, "a token in a token: the payload is not a JSON object")
    add("nested-string", "malformed_claims", mint(header={"cty": "JWT"}, payload=json.dumps(good)),
        "a token in a token, as a JSON string")

    add("longest", "accept", of_length(16384), "exactly token_bytes long")
    add("too-long", "token_too_large", of_length(16385), "one byte more than token_bytes")
    add("too-long-opaque", "token_too_large", "a" * 16385, "size comes before form")
    add("too-long-json", "token_too_large", "{" + "a" * 16384, "size comes before form")
    add("dots", "malformed_token", "." * 10000, "ten thousand dots")

    # A header and a signature of another token of the same key.
    other = mint(access(sub="user-2")).split(".")
    add("payload-of-another", "bad_signature", f"{first}.{other[1]}.{third}", "the payload of another good token")
    add("signature-of-another", "bad_signature", f"{first}.{second}.{other[2]}", "the signature of another good token")
    renamed = b64(dump({"kid": "rsa", "alg": "RS256", "typ": "at+jwt"}).encode())
    add("header-rewritten", "bad_signature", f"{renamed}.{second}.{third}",
        "the same header members in another order: the signature is over bytes, not over meaning")
    respaced = b64(dump(access()).replace(",", ", ").encode())
    add("payload-rewritten", "bad_signature", f"{first}.{respaced}.{third}", "the same claims with other space")
    signed = sign("RS256", "rsa", dump(access()).encode())
    add("signature-over-payload-bytes", "bad_signature", f"{first}.{second}.{b64(signed)}",
        "signed over the decoded payload instead of the encoded segments")
    decoded = sign("RS256", "rsa", (dump(merge({"alg": "RS256", "kid": "rsa", "typ": "at+jwt"}, {})) + "." +
                                    dump(access())).encode())
    add("signature-over-decoded", "bad_signature", f"{first}.{second}.{b64(decoded)}",
        "signed over header and payload before they were encoded")
