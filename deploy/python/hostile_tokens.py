"""Tokens and keys for hostile sequences: made well, and then spoilt in the ways that attackers know."""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

# The order of P-256's base point (FIPS 186-5).
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

TENANTS = ["a", "b"]
AUDIENCES = ["api", "web", "admin"]
CLIENTS = ["app", "cli"]
SCOPES = ["read", "write", "all"]
CONTEXTS = ["gold", "silver"]


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, length=None):
    return encoded(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


class Key:
    """A private key with a name, and how it is published."""

    def __init__(self, kind, kid, private, alg=None):
        self.kind, self.kid, self.private = kind, kid, private
        self.jwk = {"kty": kind} | public_members(kind, private)
        if kid:
            self.jwk["kid"] = kid
        if alg:
            self.jwk["alg"] = alg
        self.algorithm = alg or {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}[kind]

    def sign(self, message, algorithm):
        if self.kind == "EC":
            r, s = utils.decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if self.kind == "OKP":
            return self.private.sign(message)
        if algorithm == "PS256":
            way = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        else:
            way = padding.PKCS1v15()
        return self.private.sign(message, way, hashes.SHA256())


def public_members(kind, private):
    if kind == "RSA":
        numbers = private.public_key().public_numbers()
        return {"n": number(numbers.n), "e": number(numbers.e)}
    if kind == "EC":
        numbers = private.public_key().public_numbers()
        return {"crv": "P-256", "x": number(numbers.x, 32), "y": number(numbers.y, 32)}
    return {"crv": "Ed25519", "x": encoded(private.public_key().public_bytes_raw())}


class Keys:
    """Makes keys from a random number generator; the RSA ones are made once, for they take long."""

    def __init__(self, random):
        self.random = random
        self.rsa = [rsa.generate_private_key(65537, 2048) for _ in range(4)]

    def new(self, kid, kind=None):
        kind = kind or self.random.choice(["EC", "EC", "EC", "RSA", "OKP"])
        if kind == "EC":
            private = ec.derive_private_key(self.random.randrange(1, P256_ORDER), ec.SECP256R1())
            return Key("EC", kid, private)
        if kind == "OKP":
            return Key("OKP", kid, ed25519.Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32)))
        return Key("RSA", kid, self.random.choice(self.rsa), self.random.choice([None, None, "RS256", "PS256"]))


def compact(value, random):
    """JSON with the spaces that are allowed, and sometimes with an escape that is not needed."""
    text = json.dumps(value, separators=random.choice([(",", ":"), (", ", ": "), (" ,", ":\n")]))
    if random.random() < 0.1:
        text = text.replace('"sub"', '"\\u0073ub"')
    return text.encode()


def signed(header, payload, key, algorithm=None):
    """A token of these bytes."""
    message = encoded(header) + "." + encoded(payload)
    return message + "." + encoded(key.sign(message.encode(), algorithm or key.algorithm))


def claims_of(random, url, now, policy=None):
    """Claims that most policies like, or that this one likes, and some that they do not."""
    claims = {
        "iss": url, "sub": random.choice(["ann", "bob", "éva\u2028"]), "aud": random.choice(AUDIENCES),
        "client_id": random.choice(CLIENTS), "jti": "%x" % random.getrandbits(64), "iat": int(now),
        "exp": int(now) + random.choice([600, 6000, 3600]), "tenant": random.choice(TENANTS),
        "scope": " ".join(random.sample(SCOPES, random.randrange(1, 4))),
    }
    if policy:
        claims |= policy["claims"] | {"scope": " ".join(SCOPES), "scp": SCOPES}
        claims["client_id"] = random.choice(policy["clients"] or CLIENTS)
        claims["aud"] = random.choice(policy["audiences"] or AUDIENCES)
        if policy["acr_values"]:
            claims["acr"] = random.choice(policy["acr_values"])
        if policy["max_age"]:
            claims["auth_time"] = int(now) - 30
    for _ in range(random.choice([0, 0, 0, 1, 1, 2])):
        random.choice(CHANGES)(random, claims, now)
    return claims


def change(**values):
    return lambda random, claims, now: claims.update(values)


def remove(name):
    return lambda random, claims, now: claims.pop(name, None)


CHANGES = [
    *[remove(name) for name in ["iss", "sub", "aud", "client_id", "jti", "iat", "exp", "tenant", "scope"]],
    lambda random, claims, now: claims.update(exp=int(now) - 600),
    lambda random, claims, now: claims.update(exp=now + 600.5),
    lambda random, claims, now: claims.update(exp=int(now * 1000)),
    lambda random, claims, now: claims.update(nbf=int(now) + 600),
    lambda random, claims, now: claims.update(nbf=int(now) - 600),
    lambda random, claims, now: claims.update(iat=int(now) + 600),
    lambda random, claims, now: claims.update(exp=str(int(now) + 600)),
    lambda random, claims, now: claims.update(aud=random.sample(AUDIENCES, random.randrange(0, 4))),
    lambda random, claims, now: claims.update(tenant=random.sample(TENANTS, random.randrange(0, 3))),
    lambda random, claims, now: claims.update(scope=random.sample(SCOPES, 2)),
    lambda random, claims, now: claims.update(scp=random.sample(SCOPES, 2)),
    lambda random, claims, now: claims.update(azp=random.choice(CLIENTS + AUDIENCES)),
    lambda random, claims, now: claims.update(acr=random.choice(CONTEXTS)),
    lambda random, claims, now: claims.update(auth_time=int(now) - random.choice([30, 300, 3000, -600])),
    lambda random, claims, now: claims.update(auth_time=str(int(now))),
    change(acr=1), change(acr=["gold"]), change(acr=None), change(auth_time=None), change(auth_time=-1),
    change(scope=None), change(aud=None), change(exp=None), change(events=None), change(nonce=None),
    change(scope=["read write"]), change(scope=["read", 1]), change(scope=""), change(tenant=1), change(tenant=True),
    change(events={"http://schemas.openid.net/event/backchannel-logout": {}}), change(nonce="n"), change(nonce=1),
    change(at_hash="x"), change(c_hash="x"), change(cnf={"jkt": "x"}), change(cnf="x"), change(sub=1),
    change(sub="a\0b"), change(aud=["api", 1]), change(aud=["api", "else"]), change(iss="https://else.example"),
    change(iss=1), change(client_id="else"),
]


def answer_of(random, url, now, policy=None):
    """What a back-end says of an active token: any claims, but of the types that RFC 7662 has for them."""
    claims = claims_of(random, url, now, policy)
    for _ in range(random.choice([0, 0, 1])):
        random.choice([change(token_use="refresh"), remove("iss"), remove("exp"), change(iss=url + "x")])(
            random, claims, now)

    def fits(name, value):
        texts = all(isinstance(element, str) for element in (value if isinstance(value, list) else [value]))
        if name in ("exp", "iat", "nbf", "auth_time"):
            return isinstance(value, (int, float)) and 0 <= value < 253402300800
        if name in ("aud", "scope"):
            return texts
        if name == "cnf":
            return isinstance(value, dict)
        return name not in ("iss", "sub", "client_id", "azp", "jti", "acr") or isinstance(value, str)

    return {"active": True} | {name: value for name, value in claims.items() if fits(name, value)}


def header_of(random, key, policy=None):
    """A header that most policies like, or that this one likes, and some that they do not."""
    algorithm = key.algorithm
    if key.kind == "RSA" and random.random() < 0.3:
        algorithm = random.choice(["RS256", "PS256"])
    header = {"typ": random.choice(["at+jwt"] * 5 + ["JWT", "application/at+jwt", "AT+JWT", "logout+jwt"])}
    if policy:
        header["typ"] = "JWT" if policy["token_type"] == "id" else "at+jwt"
    header["alg"] = "Ed25519" if algorithm == "EdDSA" and random.random() < 0.3 else algorithm
    if key.kid:
        header["kid"] = key.kid
    chance = random.random()
    if chance < 0.05:
        header.pop("kid", None)
    elif chance < 0.08:
        header["kid"] = ""
    elif chance < 0.10:
        header.pop("typ")
    elif chance < 0.12:
        header[random.choice(["crit", "b64", "zip"])] = random.choice([["exp"], False, "DEF"])
    elif chance < 0.14:
        header["jwk"] = key.jwk
    return header, algorithm


# --- Spoiling -------------------------------------------------------------------------------------------------------


def parts(token):
    return token.split(".")


def opened(segment):
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def twin(random, token, key):
    """The other signature of the same ECDSA key over the same message: (r, n - s). It is as good as the first."""
    if key.kind != "EC":
        return token
    head, payload, signature = parts(token)
    data = opened(signature)
    s = (P256_ORDER - int.from_bytes(data[32:], "big")) % P256_ORDER
    return f"{head}.{payload}.{encoded(data[:32] + s.to_bytes(32, 'big'))}"


def stray_bits(random, token, key):
    """A segment whose last character has bits that mean nothing."""
    segments = parts(token)
    index = random.randrange(3)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(segments[index][-1])
    segments[index] = segments[index][:-1] + alphabet[last ^ 1]
    return ".".join(segments)


def padded(random, token, key):
    segments = parts(token)
    index = random.randrange(3)
    segments[index] += random.choice(["=", "==", "A", "\n"])
    return ".".join(segments)


def rewritten(random, token, key):
    """The same header or payload in other bytes, under the old signature."""
    segments = parts(token)
    index = random.randrange(2)
    segments[index] = encoded(opened(segments[index]) + b" ")
    return ".".join(segments)


def changed_signature(random, token, key):
    head, payload, signature = parts(token)
    data = bytearray(opened(signature))
    choice = random.randrange(5)
    if choice == 0:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    elif choice == 1:
        data += b"\0"
    elif choice == 2:
        del data[-1]
    elif choice == 3:
        data = bytearray(len(data))
    elif key.kind == "EC":
        data = bytearray(utils.encode_dss_signature(int.from_bytes(data[:32], "big"), int.from_bytes(data[32:], "big")))
    return f"{head}.{payload}.{encoded(bytes(data))}"


def changed_claim(random, token, key):
    head, payload, signature = parts(token)
    return f"{head}.{encoded(opened(payload).replace(b'ann', b'bob') + b' ')}.{signature}"


def without_signature(random, token, key):
    head, payload, signature = parts(token)
    header = json.loads(opened(head)) | {"alg": random.choice(["none", "None", "HS256"])}
    head = encoded(json.dumps(header).encode())
    # By the public key, as if it were a shared secret.
    mac = hmac.digest(json.dumps(key.jwk).encode(), f"{head}.{payload}".encode(), hashlib.sha256)
    return f"{head}.{payload}.{random.choice(['', encoded(mac)])}"


def member_twice(random, token, key):
    """A member twice, well signed."""
    segments = [opened(segment) for segment in parts(token)[:2]]
    index = random.randrange(2)
    segments[index] = b'{"iss":"x","alg":"ES256",' + segments[index].lstrip()[1:]
    return signed(segments[0], segments[1], key)


def cut(random, token, key):
    return random.choice([token.rsplit(".", 1)[0], token + ".", token + ".AA.AA", token.replace(".", ""), token[:-2]])


SPOILERS = [
    twin, twin, twin, stray_bits, padded, rewritten, changed_signature, changed_signature, changed_claim,
    without_signature, member_twice, cut,
]
