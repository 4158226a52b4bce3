"""The key sets that the vectors name."""

from minting import PRIVATE, b64, integer_bytes, jwk


def known(name, alg, **members):
    """A key as a careful provider publishes it."""
    return jwk(name, kid=name, alg=alg, use="sig", **members)


def longer(name):
    """The same key with a zero byte before its x coordinate."""
    numbers = PRIVATE[name].public_key().public_numbers()
    return b64(bytes(1) + integer_bytes(numbers.x, 32))


def shorter(name):
    """x without its leading zero bytes, as a provider in the field writes it."""
    return b64(integer_bytes(PRIVATE[name].public_key().public_numbers().x))


def off_curve(name):
    """y changed in its last bit."""
    return b64(integer_bytes(PRIVATE[name].public_key().public_numbers().y ^ 1, 32))


def leading_zero_modulus(name):
    return b64(bytes(1) + integer_bytes(PRIVATE[name].public_key().public_numbers().n))


# A key set needs one usable key to be taken at all; this one is in the sets whose other keys are not.
SPARE = known("ed25519", "EdDSA")

KEY_SETS = {
    "main": [
        known("rsa", "RS256"),
        jwk("rsa-b", kid="rsa-b"),
        known("rsa-3072", "PS256"),
        known("p256", "ES256"),
        known("p384", "ES384"),
        known("p521", "ES512"),
        known("ed25519", "EdDSA"),
        known("ed448", "EdDSA"),
    ],
    "other": [jwk("p256-b", kid="p256"), jwk("mallory-rsa", kid="rsa")],
    "bare": [jwk("rsa")],
    "bare-all": [jwk("rsa"), jwk("p256"), jwk("p384"), jwk("p521"), jwk("ed25519"), jwk("ed448")],
    "bare-rsa-two": [jwk("rsa"), jwk("rsa-b")],
    "bare-ed-four": [jwk("ed-a"), jwk("ed-b"), jwk("ed-c"), jwk("ed-d")],
    "bare-ed-five": [jwk("ed-a"), jwk("ed-b"), jwk("ed-c"), jwk("ed-d"), jwk("ed-e")],
    "bare-ed-repeated": [jwk("ed-a"), jwk("ed-a"), jwk("ed-a"), jwk("ed-a"), jwk("ed-b")],
    "bare-rsa-twice": [jwk("rsa"), jwk("rsa")],
    "bare-and-named": [jwk("rsa"), known("rsa-b", "RS256")],
    "named-ed-three": [known("ed-a", "EdDSA"), known("ed-b", "EdDSA"), known("ed-c", "EdDSA")],
    "names-of-eddsa": [jwk("ed25519", kid="ed25519", alg="Ed25519"), jwk("ed448", kid="ed448", alg="Ed448")],
    "same-kid-two-algorithms": [jwk("rsa", kid="k", alg="RS256"), jwk("p256", kid="k", alg="ES256")],
    "same-kid-one-rsa-key": [jwk("rsa", kid="k", alg="RS256"), jwk("rsa", kid="k", alg="PS256")],
    "same-kid-same-algorithm": [jwk("rsa", kid="k", alg="RS256"), jwk("rsa-b", kid="k", alg="RS256"), SPARE],
    "same-key-twice": [known("rsa", "RS256"), known("rsa", "RS256")],
    "bare-rsa-twice-once-with-algorithm": [jwk("rsa"), jwk("rsa", alg="RS256")],
    "same-key-twice-once-with-algorithm": [jwk("rsa", kid="rsa"), jwk("rsa", kid="rsa", alg="RS256")],
    "same-key-two-kids": [jwk("rsa", kid="first"), jwk("rsa", kid="second")],
    "empty-kid": [jwk("rsa", kid="")],
    "encryption": [jwk("rsa", kid="rsa", use="enc"), SPARE],
    "key-ops-sign": [jwk("rsa", kid="rsa", key_ops=["sign"]), SPARE],
    "key-ops-verify": [jwk("rsa", kid="rsa", key_ops=["verify"])],
    "foreign-algorithm": [jwk("rsa", kid="rsa", alg="RSA-OAEP"), SPARE],
    "hmac-algorithm": [jwk("rsa", kid="rsa", alg="HS256"), SPARE],
    "wrong-algorithm": [jwk("p256", kid="p256", alg="ES384"), SPARE],
    "weak-rsa": [known("rsa-1024", "RS256"), SPARE],
    "exponent-three": [known("rsa-e3", "RS256"), SPARE],
    "leading-zero-modulus": [known("rsa", "RS256", n=leading_zero_modulus("rsa"))],
    "short-coordinate": [known("p256-short", "ES256", x=shorter("p256-short"))],
    "long-coordinate": [known("p256", "ES256", x=longer("p256")), SPARE],
    "off-curve": [known("p256", "ES256", y=off_curve("p256")), SPARE],
    "other-curve": [known("secp256k1", "ES256K"), known("p256", "ES256", crv="secp256k1"), SPARE],
    "curve-mislabelled": [known("p256", "ES256", crv="P-384"), SPARE],
    "symmetric": [{"kty": "oct", "kid": "oct", "alg": "HS256", "k": b64(b"secret-secret-secret-secret-1234")}, SPARE],
    "unknown-kinds": [
        {"kty": "AKP", "kid": "pq", "alg": "ML-DSA-44", "pub": "AAAA"}, {"kty": "XYZ", "kid": "rsa"},
        known("rsa", "RS256"),
    ],
    "kelvin": [jwk("ed-a", kid="K"), jwk("ed-b", kid="\u00e9")],
}
