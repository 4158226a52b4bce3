"""Which key: by kid and fitting algorithm, else the only fitting key without kid; without kid, at most four are tried."""

from minting import DROP, mint


def cases(add):
    add("unknown-kid", "unknown_key", mint(header={"kid": "rotated"}), "a kid that the set does not have")
    add("mallory", "unknown_key", mint(key="mallory-rsa"), "signed by a stranger who names a key of their own")
    add("mallory-known-kid", "bad_signature", mint(key="mallory-rsa", header={"kid": "rsa"}),
        "signed by a stranger who names a known key")
    add("mallory-without-kid", "bad_signature", mint(key="mallory-rsa", header={"kid": DROP}),
        "signed by a stranger who names no key")
    add("key-of-other-kid", "bad_signature", mint(key="rsa-b", header={"kid": "rsa"}),
        "the set's other RSA key signed it: kid decides alone")
    add("kid-decides-over-order", "accept", mint(key="rsa-b"), "the second RSA key, named")

    add("without-kid-one-fits", "accept", mint(key="p256", header={"kid": DROP}), "no kid, one key fits ES256")
    add("without-kid-first-fits", "accept", mint(header={"kid": DROP}), "no kid, two keys fit RS256, the first signed")
    add("without-kid-second-fits", "accept", mint(key="rsa-b", header={"kid": DROP}), "no kid, two fit, the second signed")
    add("without-kid-none-fits", "unknown_key", mint(key="p256", header={"kid": DROP}), "no kid, no key fits",
        keys="named-ed-three")
    add("without-kid-bare", "accept", mint(header={"kid": DROP}), "neither token nor key has a kid", keys="bare")
    add("without-kid-bare-two", "accept", mint(key="rsa-b", header={"kid": DROP}),
        "no kid anywhere, two keys, the second signed", keys="bare-rsa-two")
    add("without-kid-named-keys", "accept", mint(key="ed-c", header={"kid": DROP}),
        "no kid in the token, three named keys, the third signed", keys="named-ed-three")
    add("without-kid-fourth", "accept", mint(key="ed-d", header={"kid": DROP}), "the fourth of five is tried",
        keys="bare-ed-five")
    add("without-kid-fifth", "bad_signature", mint(key="ed-e", header={"kid": DROP}), "the fifth of five is not",
        keys="bare-ed-five")
    add("without-kid-four-fourth", "accept", mint(key="ed-d", header={"kid": DROP}), "the last of four is tried",
        keys="bare-ed-four")
    add("without-kid-repeated", "accept", mint(key="ed-b", header={"kid": DROP}),
        "one key listed four times counts once, so the other is the second", keys="bare-ed-repeated")
    add("without-kid-mixed", "accept", mint(key="ed448", header={"kid": DROP}),
        "keys of other kinds do not count among the four", keys="bare-all")
    add("without-kid-eddsa-first", "accept", mint(key="ed25519", header={"kid": DROP}),
        "EdDSA fits keys of both curves", keys="bare-all")
    add("without-kid-ed25519-name", "bad_signature", mint(key="ed448", alg="Ed25519", header={"kid": DROP}),
        "Ed25519 fits one curve only, the signature is Ed448's", keys="bare-all")

    add("kid-and-bare-key", "accept", mint(header={"kid": "any"}), "kid unknown, the only key has none", keys="bare")
    add("kid-and-bare-key-stranger", "bad_signature", mint(key="mallory-rsa"),
        "kid unknown, the only key has none, and did not sign", keys="bare")
    add("kid-and-two-bare-keys", "unknown_key", mint(header={"kid": "any"}), "kid unknown, two keys without kid fit",
        keys="bare-rsa-two")
    add("kid-and-bare-key-twice", "accept", mint(header={"kid": "any"}), "the only key without kid, listed twice",
        keys="bare-rsa-twice")
    add("kid-and-bare-key-twice-once-with-algorithm", "accept", mint(header={"kid": "any"}),
        "one key listed twice, once with alg, is one key all the same", keys="bare-rsa-twice-once-with-algorithm")
    add("kid-and-bare-of-many-kinds", "accept", mint(key="p384", header={"kid": "any"}),
        "six keys without kid, one fits", keys="bare-all")
    add("kid-beside-bare", "accept", mint(key="rsa-b"), "kid found: the bare key beside it is not needed",
        keys="bare-and-named")
    add("kid-beside-bare-no-fallback", "bad_signature", mint(key="rsa", header={"kid": "rsa-b"}),
        "kid found: the bare key that signed is not tried", keys="bare-and-named")
    add("kid-missing-beside-bare", "accept", mint(key="rsa", header={"kid": "rsa-c"}),
        "kid not found: the one bare key counts, the named one does not", keys="bare-and-named")
    add("kid-missing-named-signed", "bad_signature", mint(key="rsa-b", header={"kid": "rsa-c"}),
        "kid not found: a named key is no fallback", keys="bare-and-named")
    add("kid-of-other-algorithm-beside-bare", "accept", mint(key="p384", header={"kid": "x"}),
        "kid not found, bare keys of other kinds do not disturb", keys="bare-all")

    add("kid-empty", "accept", mint(header={"kid": ""}), "an empty kid names no key: the fitting ones are tried")
    add("kid-empty-bare-two", "accept", mint(key="rsa-b", header={"kid": ""}),
        "an empty kid, and keys without kid, as a big provider ships them", keys="bare-rsa-two")
    add("kid-empty-stranger", "bad_signature", mint(key="mallory-rsa", header={"kid": ""}),
        "an empty kid, signed by a stranger")
    add("kid-empty-bare", "accept", mint(header={"kid": ""}), "an empty kid, the only key has none", keys="bare")
    add("kid-empty-both", "accept", mint(header={"kid": ""}), "an empty kid on both sides", keys="empty-kid")
    add("kid-kelvin", "unknown_key", mint(key="ed-a", header={"kid": "\u212a"}),
        "the Kelvin sign is canonically equivalent to K, not equal", keys="kelvin")
    add("kid-decomposed", "unknown_key", mint(key="ed-b", header={"kid": "e\u0301"}),
        "a decomposed accent is another kid", keys="kelvin")
    add("kid-beyond-ascii", "accept", mint(key="ed-b", header={"kid": "\u00e9"}), "a kid beyond ASCII", keys="kelvin")

    add("same-kid-rs256", "accept", mint(header={"kid": "k"}), "two keys of one kid and two algorithms are legal",
        keys="same-kid-two-algorithms")
    add("same-kid-es256", "accept", mint(key="p256", header={"kid": "k"}), "the other of the two",
        keys="same-kid-two-algorithms")
    add("same-kid-crossed", "unknown_key", mint(key="rsa", alg="PS256", header={"kid": "k"}),
        "an algorithm that neither of the two has", keys="same-kid-two-algorithms")
    add("same-kid-one-rsa-key-rs256", "accept", mint(header={"kid": "k"}), "one RSA key listed for two algorithms",
        keys="same-kid-one-rsa-key")
    add("same-kid-one-rsa-key-ps256", "accept", mint(alg="PS256", header={"kid": "k"}),
        "one RSA key listed for two algorithms", keys="same-kid-one-rsa-key")
    add("same-kid-ambiguous-first", "unknown_key", mint(key="rsa", header={"kid": "k"}),
        "two different keys of one kid and one algorithm: neither is usable", keys="same-kid-same-algorithm")
    add("same-kid-ambiguous-second", "unknown_key", mint(key="rsa-b", header={"kid": "k"}),
        "the second of them is not usable either", keys="same-kid-same-algorithm")
    add("same-key-twice", "accept", mint(), "one key listed twice counts once", keys="same-key-twice")
    add("same-key-twice-once-with-algorithm", "accept", mint(),
        "listed twice under one kid, once with alg: not two different keys", keys="same-key-twice-once-with-algorithm")
    add("same-key-two-kids", "accept", mint(header={"kid": "second"}), "one key under two names", keys="same-key-two-kids")

    for name, comment in [
        ("encryption", "use is enc"), ("key-ops-sign", "key_ops has no verify"),
        ("foreign-algorithm", "the key's alg is one of encryption"), ("hmac-algorithm", "the key's alg is HMAC"),
    ]:
        add(f"unusable-{name}", "unknown_key", mint(), f"{comment}: the key is not usable", keys=name)
    add("unusable-without-kid", "unknown_key", mint(header={"kid": DROP}), "an unusable key does not fit without kid either",
        keys="encryption")
    add("usable-key-ops-verify", "accept", mint(), "key_ops with verify, no use", keys="key-ops-verify")
    add("unusable-rsa-1024", "unknown_key", mint(key="rsa-1024"), "1024 bits are too few", keys="weak-rsa")
    add("unusable-rsa-e3", "unknown_key", mint(key="rsa-e3"), "the exponent is 3", keys="exponent-three")
    add("usable-leading-zero-modulus", "accept", mint(), "a zero byte before the modulus", keys="leading-zero-modulus")
    add("usable-short-coordinate", "accept", mint(key="p256-short"), "a coordinate without its leading zero bytes",
        keys="short-coordinate")
    add("unusable-long-coordinate", "unknown_key", mint(key="p256"), "a coordinate longer than the field",
        keys="long-coordinate")
    add("unusable-off-curve", "unknown_key", mint(key="p256"), "a point that is not on its curve", keys="off-curve")
    add("unusable-other-curve", "unknown_key", mint(key="p256"), "the curve's name is secp256k1", keys="other-curve")
    add("unusable-mislabelled-curve", "unknown_key", mint(key="p256"), "a P-256 point called P-384",
        keys="curve-mislabelled")
    add("unusable-wrong-algorithm", "unknown_key", mint(key="p256"), "a P-256 key whose alg is ES384",
        keys="wrong-algorithm")
    add("usable-beside-unknown-kinds", "accept", mint(), "keys of kinds that nobody knows are skipped",
        keys="unknown-kinds")
