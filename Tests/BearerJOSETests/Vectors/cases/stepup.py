"""max_age and acr_values (RFC 9470): how and when the user authenticated."""

from minting import DROP, LEEWAY, NOW, Raw, access, identity, mint, mint_id

REFUSED = "insufficient_user_authentication"


def cases(add):
    policy = {"policy": "access-max-age"}
    add("absent", REFUSED, mint(), "no auth_time: never fail open", reason="absent", **policy)
    add("null", REFUSED, mint(access(auth_time=None)), "a null auth_time is none", reason="absent", **policy)
    add("recent", "accept", mint(access(auth_time=NOW - 10)), "ten seconds ago", **policy)
    add("boundary", "accept", mint(access(auth_time=NOW - 300 - LEEWAY)), "max_age + leeway ago", **policy)
    add("too-old", REFUSED, mint(access(auth_time=NOW - 301 - LEEWAY)), "a second more than max_age + leeway ago",
        reason="too_old", **policy)
    add("too-old-fraction", REFUSED, mint(access(auth_time=Raw(f"{NOW - 301 - LEEWAY}.5"))), "half a second more",
        reason="too_old", **policy)
    add("zero", REFUSED, mint(access(auth_time=0)), "1970", reason="too_old", **policy)
    add("future", REFUSED, mint(access(auth_time=NOW + LEEWAY + 1)), "a second beyond the leeway ahead", reason="future", **policy)
    add("future-boundary", "accept", mint(access(auth_time=NOW + LEEWAY)), "the leeway ahead", **policy)
    add("milliseconds", "malformed_claims", mint(access(auth_time=NOW * 1000)), "milliseconds, as seen in the field",
        claim="auth_time", **policy)
    add("string", "malformed_claims", mint(access(auth_time=str(NOW))), "a string", claim="auth_time", **policy)
    add("unasked-old", "accept", mint(access(auth_time=1)), "nobody asked")
    add("unasked-future", "accept", mint(access(auth_time=NOW + 1000)), "nobody asked")
    add("iat-does-not-help", REFUSED, mint(access(iat=NOW)), "iat is not auth_time: a refreshed token is new, the login old",
        reason="absent", **policy)
    add("id-too-old", REFUSED, mint_id(identity(auth_time=NOW - 400)), "the same for ID tokens", policy="id-max-age",
        reason="too_old")
    add("id-recent", "accept", mint_id(identity(auth_time=NOW - 200)), "the same for ID tokens", policy="id-max-age")

    request = {"max_age": 0}
    add("zero-now", "accept", mint(access(auth_time=NOW)), "max_age 0: just now", request=request)
    add("zero-boundary", "accept", mint(access(auth_time=NOW - LEEWAY)), "max_age 0 within the leeway: no endless loop",
        request=request)
    add("zero-too-old", REFUSED, mint(access(auth_time=NOW - LEEWAY - 1)), "max_age 0 is a limit, not the lack of one",
        request=request, reason="too_old")
    add("zero-absent", REFUSED, mint(), "max_age 0, no auth_time", request=request, reason="absent")
    add("request-only", REFUSED, mint(access(auth_time=NOW - 100)), "a limit by request alone", request={"max_age": 60},
        reason="too_old")
    add("request-smaller", REFUSED, mint(access(auth_time=NOW - 200)), "the request's limit is smaller",
        request={"max_age": 60}, reason="too_old", **policy)
    add("request-larger", REFUSED, mint(access(auth_time=NOW - 1000)), "a larger limit loosens nothing",
        request={"max_age": 3600}, reason="too_old", **policy)
    add("request-larger-good", "accept", mint(access(auth_time=NOW - 200)), "a larger limit harms nothing",
        request={"max_age": 3600}, **policy)

    policy = {"policy": "access-acr"}
    add("acr-first", "accept", mint(access(acr="silver")), "the first of two", **policy)
    add("acr-second", "accept", mint(access(acr="gold")), "the second of two", **policy)
    for name, value in [("other", "bronze"), ("case", "Gold"), ("both", "silver gold"), ("empty", ""), ("absent", DROP),
                        ("null", None), ("zero", "0"), ("kelvin", "\u212a")]:
        add(f"acr-{name}", REFUSED, mint(access(acr=value)), f"acr: {name}", reason="acr", **policy)
    add("acr-array", "malformed_claims", mint(access(acr=["gold"])), "acr is a string, not a list", claim="acr", **policy)
    add("acr-request-only", REFUSED, mint(access(acr="silver")), "values by request alone",
        request={"acr_values": "gold platinum"}, reason="acr")
    add("acr-request-only-good", "accept", mint(access(acr="platinum")), "values by request alone",
        request={"acr_values": "gold platinum"})
    add("acr-intersection", "accept", mint(access(acr="gold")), "gold is in both lists",
        request={"acr_values": "gold platinum"}, **policy)
    add("acr-intersection-policy-only", REFUSED, mint(access(acr="silver")), "silver is in the policy's list only",
        request={"acr_values": "gold platinum"}, reason="acr", **policy)
    add("acr-intersection-request-only", REFUSED, mint(access(acr="platinum")), "platinum is in the request's list only",
        request={"acr_values": "gold platinum"}, reason="acr", **policy)
    add("both-good", "accept", mint(access(acr="gold", auth_time=NOW - 10, scope="pay")), "acr, auth_time and scope",
        policy="access-step-up")
    add("both-acr", REFUSED, mint(access(acr="bronze", scope="pay")), "how is looked at before when",
        policy="access-step-up", reason="acr")
    add("both-auth_time", REFUSED, mint(access(acr="gold", auth_time=NOW - 1000, scope="pay")), "then when",
        policy="access-step-up", reason="too_old")
    add("both-then-scope", "insufficient_scope", mint(access(acr="gold", auth_time=NOW - 10)), "then scope",
        policy="access-step-up")
    add("acr-intersection-empty", "invalid_request", mint(access(acr="gold")),
        "request and policy have no acr value in common: no token could be good enough", policy="access-acr",
        request={"acr_values": "platinum"})
