"""Signatures that are nearly good."""

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from minting import (
    DIGEST_INFO, DROP, PRIVATE, access, ecdsa, ecdsa_order, fixed, integer_bytes, mint, pkcs1_block, pss, rsa_raw, sign,
)

ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


def rsa_signature_with_leading_zero():
    """A jti for which the RSA signature begins with a zero byte."""
    for number in range(10000):
        token = mint(access(jti=f"t-{number}"))
        message, _, _ = token.rpartition(".")
        if sign("RS256", "rsa", message.encode())[0] == 0:
            return access(jti=f"t-{number}")
    raise ValueError


def cases(add):
    def bad(name, signature, comment, **options):
        headers = {member: options.pop(member) for member in ("keys", "algorithms") if member in options}
        add(name, "bad_signature", mint(signature=signature, **options), comment, **headers)

    # RSA, PKCS #1 v1.5.
    def rs256(change):
        return lambda message: change(sign("RS256", "rsa", message))

    n = PRIVATE["rsa"].public_key().public_numbers().n
    bad("rsa-one-bit", rs256(lambda s: s[:100] + bytes([s[100] ^ 1]) + s[101:]), "one bit changed in the middle")
    bad("rsa-last-bit", rs256(lambda s: s[:-1] + bytes([s[-1] ^ 1])), "the last bit changed")
    bad("rsa-first-bit", rs256(lambda s: bytes([s[0] ^ 128]) + s[1:]), "the first bit changed")
    bad("rsa-shorter", rs256(lambda s: s[:-1]), "the last byte cut off")
    bad("rsa-longer", rs256(lambda s: s + b"\0"), "a byte added")
    bad("rsa-doubled", rs256(lambda s: s + s), "the signature twice")
    bad("rsa-leading-zero-added", rs256(lambda s: b"\0" + s), "a leading zero byte: the same number, 257 bytes long")
    claims = rsa_signature_with_leading_zero()
    add("rsa-leading-zero", "accept", mint(claims), "a signature whose first byte is zero")
    bad("rsa-leading-zero-stripped", rs256(lambda s: s.lstrip(b"\0")), "the same, without that byte", claims=claims)
    bad("rsa-reversed", rs256(lambda s: s[::-1]), "little endian")
    bad("rsa-zero", bytes(256), "the number 0")
    bad("rsa-one", bytes(255) + b"\1", "the number 1")
    bad("rsa-modulus", integer_bytes(n), "the modulus")
    bad("rsa-modulus-minus-one", integer_bytes(n - 1), "the modulus less one")
    bad("rsa-ones", b"\xff" * 256, "all bits set: beyond the modulus")
    bad("rsa-negated", rs256(lambda s: integer_bytes(n - int.from_bytes(s, "big"), 256)), "the modulus less the signature")
    bad("rsa-one-byte", b"\0", "a single byte")
    bad("rsa-huge", bytes(4096), "4096 bytes")

    def block(**options):
        return lambda message: pkcs1_block(
            "rsa", options.get("info", DIGEST_INFO["sha256"]), hashlib.sha256(message).digest(),
            **{name: value for name, value in options.items() if name != "info"})

    bad("rsa-digest-info-without-null", block(info=DIGEST_INFO["sha256-without-null"]),
        "the digest's parameters left out: one encoding is right (RFC 8017 section 9.2)")
    bad("rsa-digest-without-info", block(info=b""), "a bare digest")
    bad("rsa-garbage-behind-digest", block(trailing=b"\0" * 32), "garbage behind the digest, the padding shortened")
    bad("rsa-wrong-padding-bytes", block(filler=b"\xfe"), "padding that is not ff")
    bad("rsa-encryption-padding", block(filler=b"\x01"), "padding as for encryption")
    add("rsa-block-good", "accept", mint(signature=block()), "the same construction without a fault")
    for name, digest in [("sha1", hashes.SHA1()), ("md5", hashes.MD5()), ("sha512", hashes.SHA512())]:
        bad(f"rsa-{name}", lambda message, digest=digest: PRIVATE["rsa"].sign(message, padding.PKCS1v15(), digest),
            f"signed over {name.upper()} under the name RS256")
    bad("rsa-digest-of-digest", lambda message: sign("RS256", "rsa", hashlib.sha256(message).digest()), "hashed twice")
    bad("rsa-raw-message", lambda message: rsa_raw("rsa", int.from_bytes(hashlib.sha256(message).digest(), "big")),
        "no padding at all")
    bad("rsa-empty-message", lambda message: sign("RS256", "rsa", b""), "a signature over nothing")
    bad("rsa-message-and-dot", lambda message: sign("RS256", "rsa", message + b"."), "signed over the input and a dot")

    # PSS: JOSE fixes the salt's length to the digest's and the mask's digest to the signature's (RFC 7518 section 3.5).
    def ps256(**options):
        return dict(key="rsa-3072", alg="PS256", signature=lambda message: pss("rsa-3072", message, **options))

    add("pss-good", "accept", mint(**ps256()), "PSS as JOSE wants it")
    for name, length in [("0", 0), ("20", 20), ("31", 31), ("33", 33), ("64", 64), ("maximal", "maximal")]:
        bad(f"pss-salt-{name}", comment=f"salt length: {name}", **ps256(salt_length=length))
    bad("pss-mask-sha1", comment="the mask generated with SHA-1, OpenSSL's old default", **ps256(mask_digest="sha1"))
    bad("pss-mask-sha512", comment="the mask generated with SHA-512", **ps256(mask_digest="sha512"))
    bad("pss-sha512", comment="SHA-512 throughout under the name PS256", **ps256(bits="512"))
    bad("pss-trailer", comment="the other trailer field", **ps256(trailer=0xCC))
    bad("pss-one-bit", comment="one bit changed", key="rsa-3072", alg="PS256",
        signature=lambda message: bytes([pss("rsa-3072", message)[0] ^ 1]) + pss("rsa-3072", message)[1:])
    bad("pss-shorter", comment="the last byte cut off", key="rsa-3072", alg="PS256",
        signature=lambda message: pss("rsa-3072", message)[:-1])
    bad("pss-size-of-other-key", comment="a good signature of a shorter key", key="rsa-3072", alg="PS256",
        signature=lambda message: pss("rsa", message))

    # ECDSA: r||s, each as long as the field (RFC 7518 section 3.4).
    for key, alg, size in [("p256", "ES256", 32), ("p384", "ES384", 48), ("p521", "ES512", 66)]:
        order = ecdsa_order(key)
        everything = {"algorithms": "ES256 ES384 ES512"}

        def es(name, make, comment, key=key, alg=alg):
            bits = alg[2:]
            bad(f"{alg.lower()}-{name}", lambda message: make(*ecdsa(key, message, bits)), comment, key=key, alg=alg,
                **everything)

        def pair(change, size=size):
            return lambda r, s: fixed(*change(r, s), size)

        es("zero-zero", pair(lambda r, s: (0, 0)), "r = s = 0")
        es("r-zero", pair(lambda r, s: (0, s)), "r = 0")
        es("s-zero", pair(lambda r, s: (r, 0)), "s = 0")
        es("r-order", pair(lambda r, s, n=order: (n, s)), "r = n")
        es("s-order", pair(lambda r, s, n=order: (r, n)), "s = n")
        es("both-order", pair(lambda r, s, n=order: (n, n)), "r = s = n")
        es("ones", lambda r, s, size=size: b"\xff" * (2 * size), "all bits set")
        es("r-ones", lambda r, s, size=size: b"\xff" * size + integer_bytes(s, size), "r beyond n")
        es("one-one", pair(lambda r, s: (1, 1)), "r = s = 1")
        es("r-equals-s", pair(lambda r, s: (r, r)), "s replaced by r")
        es("swapped", pair(lambda r, s: (s, r)), "s before r")
        es("negated-r", pair(lambda r, s, n=order: (n - r, s)), "r replaced by n - r")
        es("s-plus-one", pair(lambda r, s: (r, s + 1)), "s changed by one")
        es("der", lambda r, s: encode_dss_signature(r, s), "DER instead of r||s")
        es("shorter", lambda r, s, size=size: fixed(r, s, size)[:-1], "a byte short")
        es("longer", lambda r, s, size=size: fixed(r, s, size) + b"\0", "a byte long")
        es("leading-zero", lambda r, s, size=size: b"\0" + fixed(r, s, size), "a zero byte before")
        es("widened", lambda r, s, size=size: fixed(r, s, size + 1), "both numbers with a leading zero byte")
        es("only-r", lambda r, s, size=size: integer_bytes(r, size), "r alone")
        es("little-endian", lambda r, s, size=size: integer_bytes(r, size)[::-1] + integer_bytes(s, size)[::-1],
           "both numbers little endian")
        es("stripped", lambda r, s: integer_bytes(r >> 8) + integer_bytes(s >> 8), "both numbers without their last byte")
        es("empty", lambda r, s: b"", "nothing")
        for name, choose in [("low-s", min), ("high-s", max)]:
            def halves(message, key=key, alg=alg, size=size, order=order, choose=choose):
                r, s = ecdsa(key, message, alg[2:])
                return fixed(r, choose(s, order - s), size)

            add(f"{alg.lower()}-{name}", "accept", mint(key=key, alg=alg, signature=halves),
                f"{name.replace('-', ' ')}: JOSE has no rule against either half", **everything)
    bad("es256-size-of-es384", lambda message: fixed(*ecdsa("p256", message), 48), "padded to the size of ES384", key="p256")
    bad("es256-digest-sha384", lambda message: fixed(*ecdsa("p256", message, "384"), 32),
        "P-256 over SHA-384 under the name ES256", key="p256")
    bad("es384-digest-sha256", lambda message: fixed(*ecdsa("p384", message, "256"), 48),
        "P-384 over SHA-256 under the name ES384", key="p384")
    bad("es256-other-key", lambda message: fixed(*ecdsa("p256-b", message), 32), "another P-256 key", key="p256")

    # EdDSA.
    for key, size in [("ed25519", 64), ("ed448", 114)]:
        def ed(name, change, comment, key=key):
            bad(f"{key}-{name}", lambda message: change(PRIVATE[key].sign(message)), comment, key=key)

        ed("shorter", lambda s: s[:-1], "a byte short")
        ed("longer", lambda s: s + b"\0", "a byte long")
        ed("empty", lambda s: b"", "nothing")
        ed("zero", lambda s: bytes(len(s)), "all bits clear")
        ed("ones", lambda s: b"\xff" * len(s), "all bits set")
        ed("swapped", lambda s: s[len(s) // 2:] + s[:len(s) // 2], "S before R")
        ed("r-changed", lambda s: bytes([s[0] ^ 1]) + s[1:], "one bit of R changed")
        ed("s-zero", lambda s: s[:len(s) // 2] + bytes(len(s) // 2), "S = 0")
    bad("ed25519-malleable",
        lambda message: (lambda s: s[:32] + (int.from_bytes(s[32:], "little") + ED25519_ORDER).to_bytes(32, "little"))(
            PRIVATE["ed25519"].sign(message)),
        "S plus the group's order: a second spelling of a good signature (RFC 8032 section 5.1.7)", key="ed25519")
    bad("ed25519-identity", b"\1" + bytes(63), "R the neutral element, S = 0", key="ed25519")
    bad("ed25519-size-of-ed448", lambda message: PRIVATE["ed448"].sign(message), "an Ed448 signature", key="ed25519")
    bad("ed25519-prehashed", lambda message: PRIVATE["ed25519"].sign(hashlib.sha512(message).digest()),
        "signed over a digest", key="ed25519")
    bad("ed25519-other-key", lambda message: PRIVATE["ed-a"].sign(message), "another Ed25519 key", key="ed25519")
    add("without-kid-garbage", "bad_signature", mint(header={"kid": DROP}, signature=b"garbage"),
        "no kid: no fitting key takes it")
