"""The Python client against PyJWT and joserfc; see deploy/clients/speed."""

import json
import sys
import time

import jwt
from bearerd import Bearerd
from joserfc import jwk as jose_keys
from joserfc import jwt as jose

ROUNDS, CALLS = 9, 200
facts = json.load(sys.stdin)
token, algorithm = facts["token"], facts["alg"]
key = facts["jwks"]["keys"][0]
daemon = Bearerd()
pyjwt_key = jwt.PyJWK(key).key
jose_key = jose_keys.import_key(key)
rules = jose.JWTClaimsRegistry(
    iss={"essential": True, "value": facts["issuer"]}, aud={"essential": True, "value": facts["audience"]},
    exp={"essential": True})


def ask():
    if not daemon.verify("Bearer " + token).ok:
        raise SystemExit("the daemon refused the token")


def by_pyjwt():
    jwt.decode(token, pyjwt_key, algorithms=[algorithm], audience=facts["audience"], issuer=facts["issuer"])


def by_joserfc():
    rules.validate(jose.decode(token, jose_key, algorithms=[algorithm]).claims)


def times(call):
    found = []
    for _ in range(CALLS):
        start = time.perf_counter_ns()
        call()
        found.append((time.perf_counter_ns() - start) / 1000)
    return found


for library, alone in (("PyJWT " + jwt.__version__, by_pyjwt), ("joserfc", by_joserfc)):
    result = {"library": library, "ask": [], "alone": []}
    times(ask), times(alone)
    for _ in range(ROUNDS):
        result["ask"] += times(ask)
        result["alone"] += times(alone)
    print(json.dumps(result))
