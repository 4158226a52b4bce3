"""Tokens of any shape, byte for byte the same on every run.

RSA PKCS #1 v1.5 and EdDSA signatures are deterministic by nature. ECDSA takes its nonce from RFC 6979. PSS is encoded
here (RFC 8017 section 9.1.1) with a salt derived from the message, which also allows the wrong salts and masks that a
library refuses to make.
"""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

DIRECTORY = Path(__file__).parent
KEYS = DIRECTORY / "keys"

NOW = 1_800_000_000
LEEWAY = 30
ISSUER = "https://issuer.example"
AUDIENCE = "https://api.example"
CLIENT = "app"

#: A member with this value is left out.
DROP = object()


class Raw(str):
    """JSON text that is written as it stands, valid or not."""


def merge(base, changes):
    members = {**base, **changes}
    return {name: value for name, value in members.items() if value is not DROP}


def dump(members):
    """A JSON object without insignificant space; `Raw` values verbatim."""
    parts = []
    for name, value in members.items():
        written = str(value) if isinstance(value, Raw) else json.dumps(value, separators=(",", ":"))
        parts.append(f"{json.dumps(name)}:{written}")
    return "{" + ",".join(parts) + "}"


def access(changes=None, **named):
    """The claims of a good access token, changed."""
    base = {
        "iss": ISSUER, "sub": "user-1", "aud": AUDIENCE, "client_id": CLIENT,
        "iat": NOW - 100, "exp": NOW + 3500, "jti": "t-1",
    }
    return merge(base, {**(changes or {}), **named})


def identity(changes=None, **named):
    """The claims of a good ID token, changed."""
    base = {"iss": ISSUER, "sub": "user-1", "aud": CLIENT, "iat": NOW - 100, "exp": NOW + 200}
    return merge(base, {**(changes or {}), **named})


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def utf8(text):
    return text if isinstance(text, bytes) else text.encode()


# Keys


def new_key(name, kind):
    """The committed test key of this name; made once, when its file is missing."""
    path = KEYS / f"{name}.pem"
    if not path.exists():
        family, detail = kind
        if family == "rsa":
            bits, exponent = detail
            key = rsa.generate_private_key(public_exponent=exponent, key_size=bits)
        elif family == "ec":
            key = ec.generate_private_key(detail)
        elif family == "short-x":
            while True:
                key = ec.generate_private_key(detail)
                if key.public_key().public_numbers().x < 2 ** (detail.key_size - 8):
                    break
        elif family == "ed25519":
            key = ed25519.Ed25519PrivateKey.generate()
        else:
            key = ed448.Ed448PrivateKey.generate()
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return serialization.load_pem_private_key(path.read_bytes(), None, unsafe_skip_rsa_key_validation=True)


KINDS = {
    "rsa": ("rsa", (2048, 65537)),
    "rsa-b": ("rsa", (2048, 65537)),
    "rsa-3072": ("rsa", (3072, 65537)),
    "rsa-1024": ("rsa", (1024, 65537)),
    "rsa-e3": ("rsa", (2048, 3)),
    "p256": ("ec", ec.SECP256R1()),
    "p256-b": ("ec", ec.SECP256R1()),
    "p256-short": ("short-x", ec.SECP256R1()),
    "p384": ("ec", ec.SECP384R1()),
    "p521": ("ec", ec.SECP521R1()),
    "secp256k1": ("ec", ec.SECP256K1()),
    "ed25519": ("ed25519", None),
    "ed-a": ("ed25519", None),
    "ed-b": ("ed25519", None),
    "ed-c": ("ed25519", None),
    "ed-d": ("ed25519", None),
    "ed-e": ("ed25519", None),
    "ed448": ("ed448", None),
    "mallory-rsa": ("rsa", (2048, 65537)),
    "mallory-p256": ("ec", ec.SECP256R1()),
    "mallory-ed25519": ("ed25519", None),
}

#: Private keys by name. They protect nothing: they exist for these vectors only.
PRIVATE = {name: new_key(name, kind) for name, kind in KINDS.items()}


def integer_bytes(number, length=None):
    return number.to_bytes(length or max(1, (number.bit_length() + 7) // 8), "big")


CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp256k1": "secp256k1"}


def jwk(name, changes=None, **named):
    """The public JWK of a key, with no optional member but those given."""
    public = PRIVATE[name].public_key()
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        base = {"kty": "RSA", "n": b64(integer_bytes(numbers.n)), "e": b64(integer_bytes(numbers.e))}
    elif isinstance(public, ec.EllipticCurvePublicKey):
        numbers = public.public_numbers()
        size = (public.curve.key_size + 7) // 8
        base = {
            "kty": "EC", "crv": CURVE_NAMES[public.curve.name],
            "x": b64(integer_bytes(numbers.x, size)), "y": b64(integer_bytes(numbers.y, size)),
        }
    else:
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        curve = "Ed25519" if isinstance(public, ed25519.Ed25519PublicKey) else "Ed448"
        base = {"kty": "OKP", "crv": curve, "x": b64(raw)}
    return merge(base, {**(changes or {}), **named})


# Signatures

DIGESTS = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def ecdsa_order(name):
    return {
        "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        "secp521r1": int(
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
            "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409", 16),
    }[PRIVATE[name].curve.name]


def ecdsa(name, message, bits="256"):
    """An ECDSA signature as the pair of integers (r, s)."""
    der = PRIVATE[name].sign(message, ec.ECDSA(DIGESTS[bits], deterministic_signing=True))
    return decode_dss_signature(der)


def fixed(r, s, length):
    """r||s in JOSE's fixed-length form (RFC 7518 section 3.4); `length` is that of one of them."""
    return integer_bytes(r, length) + integer_bytes(s, length)


def rsa_raw(name, number):
    """The bare RSA private operation."""
    numbers = PRIVATE[name].private_numbers()
    n = numbers.public_numbers.n
    return integer_bytes(pow(number, numbers.d, n), (n.bit_length() + 7) // 8)


def mgf1(seed, length, digest):
    mask = b"".join(
        hashlib.new(digest, seed + counter.to_bytes(4, "big")).digest()
        for counter in range(length // hashlib.new(digest).digest_size + 1))
    return mask[:length]


def pss(name, message, bits="256", salt_length=None, mask_digest=None, trailer=0xBC):
    """EMSA-PSS (RFC 8017 section 9.1.1) with a salt that follows from the message."""
    digest = f"sha{bits}"
    size = int(bits) // 8
    salt_length = size if salt_length is None else salt_length
    em_bits = PRIVATE[name].key_size - 1
    em_length = (em_bits + 7) // 8
    if salt_length == "maximal":
        salt_length = em_length - size - 2
    salt = hashlib.shake_256(b"salt" + message).digest(salt_length)
    h = hashlib.new(digest, bytes(8) + hashlib.new(digest, message).digest() + salt).digest()
    db = bytes(em_length - salt_length - size - 2) + b"\x01" + salt
    mask = mgf1(h, len(db), mask_digest or digest)
    masked = bytearray(a ^ b for a, b in zip(db, mask))
    masked[0] &= 0xFF >> (8 * em_length - em_bits)
    return rsa_raw(name, int.from_bytes(bytes(masked) + h + bytes([trailer]), "big"))


DIGEST_INFO = {
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha256-without-null": bytes.fromhex("302f300b0609608648016503040201" + "0420"),
}


def pkcs1_block(name, info, digest, filler=b"\xff", trailing=b""):
    """An EMSA-PKCS1-v1_5 block (RFC 8017 section 9.2) with chosen faults, signed."""
    length = PRIVATE[name].key_size // 8
    tail = b"\x00" + info + digest + trailing
    block = b"\x00\x01" + filler * (length - 2 - len(tail)) + tail
    return rsa_raw(name, int.from_bytes(block, "big"))


def sign(alg, name, message):
    """The signature that a JOSE algorithm name asks for."""
    key = PRIVATE[name]
    family, bits = alg[:2], alg[2:]
    if family == "RS":
        return key.sign(message, padding.PKCS1v15(), DIGESTS[bits])
    if family == "PS":
        return pss(name, message, bits)
    if family == "ES":
        r, s = ecdsa(name, message, bits)
        return fixed(r, s, (key.curve.key_size + 7) // 8)
    return key.sign(message)


def natural_algorithm(name):
    """The algorithm that a key of this name signs with unless a case says otherwise."""
    key = PRIVATE[name]
    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {256: "ES256", 384: "ES384", 521: "ES512"}[key.curve.key_size]
    return "EdDSA"


# Tokens


def mint(claims=None, *, key="rsa", alg=None, signed_as=None, header=None, typ="at+jwt", payload=None, head=None,
         signature=None, segments=None):
    """A compact JWS.

    `header` changes header members; `head` and `payload` replace the JSON text of header and claims; `alg` is what
    the header says and `signed_as` what is done; `signature` maps the signing input to the signature's bytes, or is
    the bytes; `segments` maps the two encoded segments to those that are signed and sent.
    """
    alg = natural_algorithm(key) if alg is None else alg
    if head is None:
        head = dump(merge({"alg": alg, "kid": key, "typ": typ}, header or {}))
    if payload is None:
        payload = dump(access() if claims is None else claims)
    first, second = b64(utf8(head)), b64(utf8(payload))
    if segments:
        first, second = segments(first, second)
    message = f"{first}.{second}".encode()
    if signature is None:
        signature = sign(signed_as or alg, key, message)
    elif callable(signature):
        signature = signature(message)
    return f"{first}.{second}.{b64(signature)}"


def mint_id(claims=None, **options):
    """A good ID token unless changed."""
    return mint(identity() if claims is None else claims, typ=options.pop("typ", "JWT"), **options)
