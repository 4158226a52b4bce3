"""A slow, plain verifier of JWTs: section 6 of protocol.md written out once more, by other means.

It shares nothing with the daemon: signatures are verified by joserfc, JSON is read by Python, nothing is remembered
from one token to the next. deploy/hostile-sequences compares the two. What it leaves out is not played there: roles,
and lists of more than 512 elements.
"""

import base64
import json
import re
import warnings

import joserfc.errors
import joserfc.jwk
import joserfc.jws

# That EdDSA is to be called by its curve (RFC 9864).
warnings.filterwarnings("ignore", category=joserfc.errors.SecurityWarning)

ALGORITHMS_OF = {"RSA": ["RS256", "PS256"], "EC": ["ES256"], "OKP": ["EdDSA"]}
TRIES_WITHOUT_KID = 4
LATEST_DATE = 253402300799
STRINGS = ["sub", "jti", "client_id", "azp", "nonce"]
TIMES = ["exp", "nbf", "iat"]


class Refused(Exception):
    """The code with which a token is refused."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def decoded(segment):
    """The bytes of canonical base64url (RFC 4648 section 5, without padding)."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", segment, re.ASCII) or len(segment) % 4 == 1:
        raise Refused("malformed_token")
    data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != segment:
        raise Refused("malformed_token")
    return data


def json_object(data, code):
    """A JSON object without a member twice."""

    def without_duplicates(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a member twice")
        return dict(pairs)

    def no_constant(name):
        raise ValueError(name)

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=without_duplicates, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Refused(code) from None
    if not isinstance(value, dict):
        raise Refused(code)
    return value


def is_opaque(token):
    """Whether a token is no JWT and no JWE by its form (section 6.9)."""
    if token.startswith("{") or token.count(".") == 4:
        return False
    if token.count(".") != 2:
        return True
    head = token.split(".")[0]
    try:
        return not head.startswith("eyJ") and json_object(decoded(head), "invalid_header") is None
    except Refused:
        return True


def subject_of(token):
    """What a back-end's word is about, by its form: another spelling of a JWT's signature is the same token."""
    return ("opaque", token) if is_opaque(token) else ("JWT", token.rpartition(".")[0])


class Issuer:
    """An issuer as it is configured, with the key set that the daemon holds."""

    def __init__(self, name, url, algorithms, keys):
        self.name, self.url, self.algorithms, self.keys = name, url, algorithms, keys

    def fitting(self, algorithm, key):
        """Whether a key fits an algorithm (sections 6.3 and 6.4)."""
        return (
            algorithm in self.algorithms
            and algorithm in ALGORITHMS_OF[key["kty"]]
            and key.get("alg", algorithm) == algorithm
            and key.get("use", "sig") == "sig")

    def choose(self, kid, algorithm):
        """The keys to try, and whether the token names the one key."""
        fitting = [key for key in self.keys if self.fitting(algorithm, key)]
        named = [key for key in fitting if key.get("kid")]
        unnamed = [key for key in fitting if not key.get("kid")]
        if not kid:
            return fitting[:TRIES_WITHOUT_KID], False
        of_this_name = [key for key in named if key["kid"] == kid]
        # Two keys of one name are not usable for what they have in common.
        if len(of_this_name) == 1:
            return of_this_name, True
        return (unnamed if len(unnamed) == 1 else []), False


def is_signed(token, key, algorithm):
    """Whether joserfc takes the signature. Only that is its business here; the header has been judged."""
    jwk = joserfc.jwk.import_key({name: value for name, value in key.items() if name not in ("alg", "use")})
    message, _, signature = token.rpartition(".")
    registry = joserfc.jws.JWSRegistry(algorithms=[algorithm])
    try:
        return registry.get_alg(algorithm).verify(message.encode(), decoded(signature), jwk)
    except ValueError:
        # cryptography says so of a signature of another length.
        return False


def verdict(token, policy, request, issuers, now, back_end):
    """What is to be said of a token: "ok", or a code of section 5.

    `policy` is a table of the configuration as a dictionary, with every default written out; None is one that there is
    not. `request` is the request's object. `issuers` are those of the configuration. `now` is in seconds. `back_end` is
    called with an issuer's name, a token's subject and the policy; it gives what that issuer's back-end says, None for
    inactive.
    """
    if policy is None:
        return "unknown_policy"
    if "acr_values" in request:
        # What the request demands besides the policy.
        wanted = request["acr_values"].split()
        both = [value for value in wanted if not policy["acr_values"] or value in policy["acr_values"]]
        if not both:
            return "invalid_request"
        policy = policy | {"acr_values": both}
    if "max_age" in request:
        policy = policy | {"max_age": min(request["max_age"], policy["max_age"] or request["max_age"])}
    if request.get("issuer", policy["issuers"][0]) not in policy["issuers"]:
        return "invalid_request"
    try:
        if policy["opaque"] and is_opaque(token):
            judge_opaque(token, policy, request, issuers, now, back_end)
        else:
            judge(token, policy, request, issuers, now, back_end)
        return "ok"
    except Refused as refused:
        return refused.code


def judge_opaque(token, policy, request, issuers, now, back_end):
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token, re.ASCII):
        raise Refused("malformed_token")
    if "issuer" not in request and len(policy["issuers"]) > 1:
        raise Refused("invalid_request")
    name = request.get("issuer", policy["issuers"][0])
    answer = back_end(name, subject_of(token), policy)
    if answer is None:
        raise Refused("inactive_token")
    claims = {name: value for name, value in answer.items() if value is not None}
    if "iss" in claims and claims["iss"] != next(issuer.url for issuer in issuers if issuer.name == name):
        raise Refused("unknown_issuer")
    judge_claims(claims, policy, request, now, is_answer=True)


def judge(token, policy, request, issuers, now, back_end):
    segments = token.split(".")
    if len(segments) != 3:
        raise Refused({1: "opaque_token", 5: "unsupported_token"}.get(len(segments), "malformed_token"))
    header_bytes, payload_bytes, _ = [decoded(segment) for segment in segments]

    header = json_object(header_bytes, "invalid_header")
    if any(name in header for name in ("crit", "b64", "zip")) or not isinstance(header.get("alg"), str):
        raise Refused("invalid_header")
    if not isinstance(header.get("kid", ""), str) or not isinstance(header.get("typ", ""), str):
        raise Refused("invalid_header")

    kind = policy["token_type"]
    typ = header.get("typ", "JWT").lower().removeprefix("application/")
    if typ not in {"access": ["at+jwt"], "id": ["jwt"], "any": ["jwt", "at+jwt"]}[kind]:
        raise Refused("wrong_type")

    claims = json_object(payload_bytes, "malformed_claims")
    # null counts as absent.
    claims = {name: value for name, value in claims.items() if value is not None}

    if "iss" not in claims:
        raise Refused("missing_claim")
    if not isinstance(claims["iss"], str) or "\0" in claims["iss"]:
        raise Refused("malformed_claims")
    issuer = next((issuer for issuer in issuers if issuer.url == claims["iss"]), None)
    if issuer is None or issuer.name not in policy["issuers"]:
        raise Refused("unknown_issuer")

    algorithm = "EdDSA" if header["alg"] == "Ed25519" else header["alg"]
    if algorithm not in issuer.algorithms:
        raise Refused("algorithm_not_allowed")

    keys, is_named = issuer.choose(header.get("kid"), algorithm)
    is_bad = keys and not any(is_signed(token, key, algorithm) for key in keys)
    is_wanted = request.get("issuer", issuer.name) == issuer.name
    # Where no name says which key it is, the right one may be new, and every other check comes first.
    if is_bad and (is_named or is_wanted):
        raise Refused("bad_signature")
    try:
        judge_claims(claims, policy, request, now)
    except Refused:
        if is_bad:
            raise Refused("bad_signature") from None
        raise
    if not is_wanted:
        raise Refused("unknown_issuer")
    # Only now: a token that is bad anyway is never called one whose key is unknown, and is asked about nowhere.
    if not keys:
        raise Refused("unknown_key")
    if policy["recheck"] and back_end(issuer.name, subject_of(token), policy) is None:
        raise Refused("inactive_token")


def judge_claims(claims, policy, request, now, is_answer=False):
    def listed(value):
        return value if isinstance(value, list) else [value]

    def is_text(value):
        return isinstance(value, str) and "\0" not in value

    def is_number(value):
        return isinstance(value, (int, float)) and not isinstance(value, bool)

    # 9: shapes
    if not all(is_text(claims[name]) for name in STRINGS if name in claims):
        raise Refused("malformed_claims")
    if not all(is_number(claims[name]) and 0 <= claims[name] <= LATEST_DATE for name in TIMES if name in claims):
        raise Refused("malformed_claims")
    if policy["acr_values"] and not is_text(claims.get("acr", "")):
        raise Refused("malformed_claims")
    authenticated = claims.get("auth_time")
    if policy["max_age"] and authenticated is not None and not (
        is_number(authenticated) and 0 <= authenticated <= LATEST_DATE):
        raise Refused("malformed_claims")
    if "aud" in claims and not all(is_text(value) for value in listed(claims["aud"])):
        raise Refused("malformed_claims")
    for name in policy["scope_claims"]:
        if name in claims and not all(isinstance(value, str) for value in listed(claims[name])):
            raise Refused("malformed_claims")
    if not isinstance(claims.get("cnf", {}), dict):
        raise Refused("malformed_claims")

    # 10: the kind of token, and what is required
    kind = policy["token_type"]
    for name in ["events"] + (["at_hash", "c_hash", "nonce"] if kind == "any" else []):
        if name in claims:
            raise Refused("wrong_type")
    required = {"access": ["sub", "aud", "client_id", "iat", "jti"], "id": ["sub", "aud", "iat"], "any": []}[kind]
    if is_answer:
        if claims.get("token_use") == "refresh":
            raise Refused("wrong_type")
        required = []
    elif "exp" not in claims:
        raise Refused("missing_claim")
    if not all(name in claims for name in required + policy["required_claims"]):
        raise Refused("missing_claim")

    # 11 to 13: times
    leeway = policy["leeway"]
    if "exp" in claims and now >= claims["exp"] + leeway:
        raise Refused("expired")
    if claims.get("nbf", 0) > now + leeway:
        raise Refused("not_yet_valid")
    if claims.get("iat", 0) > now + leeway:
        raise Refused("issued_in_future")

    # 14, 15: whom it is for
    audience = listed(claims["aud"]) if "aud" in claims else []
    if policy["audiences"] is not None:
        if not set(audience) & set(policy["audiences"]):
            raise Refused("wrong_audience")
        if kind == "id" and not set(audience) <= set(policy["audiences"]):
            raise Refused("wrong_audience")
    if "audience" in request and not set(audience) & set(listed(request["audience"])):
        raise Refused("wrong_audience")
    if kind == "id" and policy["audiences"] is not None and "azp" in claims and claims["azp"] not in policy["audiences"]:
        raise Refused("wrong_client")
    if policy["clients"] and claims.get("client_id", claims.get("azp")) not in policy["clients"]:
        raise Refused("wrong_client")

    # 16 to 18
    for name, value in policy["claims"].items():
        if name not in claims or not any(
            type(element) is type(value) and element == value for element in listed(claims[name])):
            raise Refused("claim_mismatch")
    if "nonce" in request and claims.get("nonce") != request["nonce"]:
        raise Refused("wrong_nonce")
    if "cnf" in claims and policy["sender_constraint"] == "refuse":
        raise Refused("proof_required")

    # 19: step-up
    if policy["acr_values"] and claims.get("acr") not in policy["acr_values"]:
        raise Refused("insufficient_user_authentication")
    if policy["max_age"]:
        age = None if authenticated is None else now - authenticated
        if age is None or not -leeway <= age <= policy["max_age"] + leeway:
            raise Refused("insufficient_user_authentication")

    # 20: scopes
    granted = set()
    for name in policy["scope_claims"]:
        value = claims.get(name, [])
        granted |= set(value.split(" ")) if isinstance(value, str) else {word for word in value if " " not in word}
    if not set(policy["scopes"] + request.get("scope", "").split()) <= granted:
        raise Refused("insufficient_scope")
