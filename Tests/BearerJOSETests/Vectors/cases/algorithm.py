"""Algorithm confusion (RFC 8725 sections 2.1 and 3.1): the token proposes, key and configuration decide."""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import serialization

from minting import DROP, PRIVATE, access, integer_bytes, jwk, mint


def hmac_with(secret, digest="sha256"):
    return lambda message: hmac.new(secret, message, digest).digest()


def public_encodings(name):
    """Every form in which a verifier might hold, and so be tricked into using, an RSA public key as a secret."""
    public = PRIVATE[name].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "pem": pem,
        "pem-stripped": pem.strip(),
        "pem-crlf": pem.replace(b"\n", b"\r\n"),
        "pem-body": b"".join(pem.splitlines()[1:-1]),
        "pkcs1-pem": public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
        "der": der,
        "pkcs1-der": public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1),
        "modulus": integer_bytes(public.public_numbers().n),
        "modulus-text": jwk(name)["n"].encode(),
        "exponent": integer_bytes(public.public_numbers().e),
        "jwk": json.dumps(jwk(name), separators=(",", ":")).encode(),
        "published-jwk": json.dumps(jwk(name, kid="rsa", alg="RS256", use="sig"), separators=(",", ":")).encode(),
        "der-base64": base64.b64encode(der),
        "kid": b"rsa",
        "empty": b"",
    }


def cases(add):
    refused = "algorithm_not_allowed"
    for name, spelling in [
        ("lower-case", "none"), ("capital", "None"), ("upper-case", "NONE"), ("mixed-case", "nOnE"), ("empty", ""),
        ("leading-space", " none"), ("trailing-space", "none "), ("nul", "none\0"), ("cyrillic", "\u043done"),
    ]:
        for signature, suffix in [(b"", "unsigned"), (None, "signed")]:
            add(f"none-{name}-{suffix}", refused, mint(alg=spelling, signed_as="RS256", signature=signature),
                f"alg {json.dumps(spelling)}, {suffix}")
    add("none-without-kid", refused, mint(alg="none", header={"kid": DROP}, signature=b""), "no algorithm, no key, no signature")
    add("none-escaped", refused, mint(head='{"alg":"\\u006eone","kid":"rsa","typ":"at+jwt"}', signature=b""),
        "none, written with an escape")

    for name, secret in public_encodings("rsa").items():
        add(f"hs256-{name}", refused, mint(alg="HS256", signature=hmac_with(secret)),
            f"HMAC with the RSA public key as its secret: {name}")
    add("hs384-pem", refused, mint(alg="HS384", signature=hmac_with(public_encodings("rsa")["pem"], "sha384")),
        "the same with SHA-384")
    add("hs512-pem", refused, mint(alg="HS512", signature=hmac_with(public_encodings("rsa")["pem"], "sha512")),
        "the same with SHA-512")
    add("hs256-lower-case", refused, mint(alg="hs256", signature=hmac_with(public_encodings("rsa")["pem"])), "hs256")
    add("hs256-without-kid", refused,
        mint(alg="HS256", header={"kid": DROP}, signature=hmac_with(public_encodings("rsa")["pem"])),
        "no kid, so that every key might be tried")
    add("hs256-ec-point", refused,
        mint(key="p256", alg="HS256", signature=hmac_with(base64.urlsafe_b64decode(jwk("p256")["x"] + "="))),
        "HMAC with an EC coordinate as its secret")
    add("hs256-ed25519", refused,
        mint(key="ed25519", alg="HS256", signature=hmac_with(base64.urlsafe_b64decode(jwk("ed25519")["x"] + "="))),
        "HMAC with an Ed25519 public key as its secret")
    add("hs256-published-secret", refused,
        mint(alg="HS256", header={"kid": "oct"}, signature=hmac_with(b"secret-secret-secret-secret-1234")),
        "HMAC with a symmetric key that the issuer published by mistake", keys="symmetric")
    add("hs256-key-says-so", refused,
        mint(alg="HS256", signature=hmac_with(public_encodings("rsa")["modulus"])),
        "an RSA key whose own alg says HS256", keys="hmac-algorithm")
    add("hs256-as-rs256", "bad_signature", mint(alg="RS256", signature=hmac_with(public_encodings("rsa")["pem"])),
        "an HMAC under the name RS256")
    add("unsigned-as-rs256", "bad_signature", mint(signature=b""), "no signature under the name RS256")

    for name, spelling in [
        ("lower-case", "rs256"), ("mixed-case", "Rs256"), ("trailing-space", "RS256 "), ("leading-space", " RS256"),
        ("nul", "RS256\0"), ("hyphen", "RS-256"), ("rsa256", "RSA256"), ("rs1", "RS1"), ("rs255", "RS255"),
        ("digit-more", "RS2560"), ("list", "RS256,none"), ("x509-name", "sha256WithRSAEncryption"),
        ("xml-name", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"), ("es256k", "ES256K"),
        ("es256-trailing-space", "ES256 "), ("a128kw", "A128KW"), ("rsa-oaep", "RSA-OAEP"), ("rsa1_5", "RSA1_5"),
        ("dir", "dir"), ("ecdh-es", "ECDH-ES"), ("ml-dsa-44", "ML-DSA-44"), ("esb256", "ESB256"),
        ("ed25519-upper-case", "ED25519"), ("eddsa-lower-case", "eddsa"), ("ed25519ph", "Ed25519ph"),
        ("full-width", "\uff32\uff33256"),
    ]:
        add(f"name-{name}", refused, mint(alg=spelling, signed_as="RS256"),
            f"alg {json.dumps(spelling)}: names are exact, and only those of the table exist")
    add("name-escaped", "accept", mint(head='{"alg":"\\u0052S256","kid":"rsa","typ":"at+jwt"}'),
        "RS256 written with an escape is RS256")

    # The key decides. A key is named by kid and a fitting algorithm, so a misfit is an unknown key.
    for key, kid, alg, comment in [
        ("rsa", "p256", "RS256", "RS256 naming an EC key"),
        ("p256", "rsa", "ES256", "ES256 naming an RSA key"),
        ("p256", "ed25519", "ES256", "ES256 naming an Ed25519 key"),
        ("ed25519", "p256", "EdDSA", "EdDSA naming an EC key"),
        ("ed25519", "ed448", "Ed25519", "Ed25519 naming an Ed448 key"),
        ("ed448", "ed25519", "Ed448", "Ed448 naming an Ed25519 key"),
        ("rsa", "rsa", "PS256", "PS256, well made, under a key that its issuer reserves for RS256"),
        ("rsa-3072", "rsa-3072", "RS256", "RS256, well made, under a key that its issuer reserves for PS256"),
    ]:
        add(f"misfit-{alg.lower()}-{kid}", "unknown_key", mint(key=key, alg=alg, header={"kid": kid}), comment)
    add("misfit-es384-p256", "unknown_key", mint(key="p384", alg="ES384", header={"kid": "p256"}),
        "ES384 naming a P-256 key")
    add("misfit-es256-p384", "unknown_key", mint(key="p256", alg="ES256", header={"kid": "p384"}),
        "ES256 naming a P-384 key")
    add("misfit-header-rs256-signed-ps256", "bad_signature", mint(alg="RS256", signed_as="PS256"),
        "the header says RS256, the signature is PSS")
    add("misfit-header-ps256-signed-rs256", "bad_signature",
        mint(key="rsa-b", alg="PS256", signed_as="RS256"), "the header says PS256, the signature is PKCS #1 v1.5")
    add("free-key-rs256", "accept", mint(key="rsa-b", alg="RS256"), "a key without alg serves RS256")
    add("free-key-ps256", "accept", mint(key="rsa-b", alg="PS256"), "and PS256, if the configuration lets it")
    add("header-rs256-signed-rs512", "bad_signature", mint(key="rsa-b", alg="RS256", signed_as="RS512"),
        "the header says SHA-256, the signature is over SHA-512")

    # The configuration decides.
    every = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA".split()
    keys = {"RS": "rsa", "PS": "rsa", "ES256": "p256", "ES384": "p384", "ES512": "p521", "EdDSA": "ed25519"}
    for alg in every:
        key = keys.get(alg) or keys[alg[:2]]
        add(f"unconfigured-{alg.lower()}", refused, mint(key=key, alg=alg, header={"kid": DROP}),
            f"{alg}, well made, where the issuer's configuration has all others", keys="bare-all",
            algorithms=" ".join(other for other in every if other != alg))
    add("unconfigured-ed448-name", refused, mint(key="ed448", alg="Ed448", header={"kid": DROP}),
        "Ed448 by its own name where EdDSA is not configured", keys="bare-all", algorithms="RS256 ES256")
    for alg in ["RS384", "RS512", "PS384", "PS512", "ES512"]:
        key = keys.get(alg) or keys[alg[:2]]
        add(f"default-list-without-{alg.lower()}", refused, mint(key=key, alg=alg),
            f"{alg} is not among the default algorithms")
    add("one-issuer-one-list", refused, mint(access(iss="https://narrow.example")),
        "RS256 is allowed for other issuers, not for this one", policy="access-issuers")
    add("one-issuer-one-list-good", "accept", mint(access(iss="https://narrow.example"), key="p256"),
        "ES256 is what this issuer is configured for", policy="access-issuers")
    add("eddsa-key-says-ed25519", "accept", mint(key="ed25519", alg="EdDSA"),
        "EdDSA under a key whose alg is Ed25519: two names of one algorithm", keys="names-of-eddsa")
    add("ed25519-key-says-eddsa", "accept", mint(key="ed25519", alg="Ed25519"),
        "Ed25519 under a key whose alg is EdDSA")
    add("ed448-key-says-ed448", "accept", mint(key="ed448", alg="EdDSA"),
        "EdDSA under a key whose alg is Ed448", keys="names-of-eddsa")

