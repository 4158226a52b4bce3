"""NumericDate (RFC 7519 section 2) and its comparisons, each on both sides of its boundary."""

from minting import DROP, LEEWAY, NOW, Raw, access, identity, mint, mint_id

LAST = 253402300799


def cases(add):
    def at(claim, value, **others):
        return mint(access({claim: value}, **others))

    # exp: not accepted on or after it; nbf: not accepted before it; leeway in the token's favour.
    for name, policy, leeway in [("default", "access", LEEWAY), ("strict", "access-strict-time", 0),
                                 ("loose", "access-loose-time", 300)]:
        add(f"exp-{name}-expired", "expired", at("exp", NOW - leeway), f"exp + {leeway} s is now", policy=policy, claim="exp")
        add(f"exp-{name}-alive", "accept", at("exp", NOW - leeway + 1), f"exp + {leeway} s is a second ahead", policy=policy)
        add(f"nbf-{name}-early", "not_yet_valid", at("nbf", NOW + leeway + 1), f"nbf - {leeway} s is a second ahead",
            policy=policy, claim="nbf")
        add(f"nbf-{name}-begins", "accept", at("nbf", NOW + leeway), f"nbf - {leeway} s is now", policy=policy)
        add(f"iat-{name}-future", "issued_in_future", at("iat", NOW + leeway + 1), f"iat - {leeway} s is a second ahead",
            policy=policy, claim="iat")
        add(f"iat-{name}-now", "accept", at("iat", NOW + leeway), f"iat - {leeway} s is now", policy=policy)
    for kind, make in [("id", identity), ("any", access)]:
        token = mint_id if kind == "id" else mint
        add(f"exp-{kind}", "expired", token(make(exp=NOW - LEEWAY)), f"the same for token_type {kind}", policy=kind, claim="exp")
        add(f"nbf-{kind}", "not_yet_valid", token(make(nbf=NOW + LEEWAY + 1)), f"the same for token_type {kind}", policy=kind,
            claim="nbf")
        add(f"iat-{kind}", "issued_in_future", token(make(iat=NOW + LEEWAY + 1)), f"the same for token_type {kind}",
            policy=kind, claim="iat")
    add("iat-any-absent", "accept", mint(access(iat=DROP)), "any does not require iat", policy="any")
    add("long-expired", "expired", at("exp", 1), "expired since 1970", claim="exp")
    add("iat-long-ago", "accept", at("iat", 0), "issued in 1970: only exp ends a token")
    add("nbf-after-exp", "accept", at("nbf", NOW + 20, exp=NOW - 20), "nbf after exp, both within the leeway")
    add("nbf-zero", "accept", at("nbf", 0), "nbf 0")

    # Fractions.
    add("exp-fraction-alive", "accept", at("exp", Raw(f"{NOW - LEEWAY}.5")), "half a second is left")
    add("exp-fraction-expired", "expired", at("exp", Raw(f"{NOW - LEEWAY - 1}.999")), "a millisecond too late", claim="exp")
    add("exp-fraction-zero", "expired", at("exp", Raw(f"{NOW - LEEWAY}.000")), "a fraction of zero changes nothing", claim="exp")
    add("nbf-fraction-early", "not_yet_valid", at("nbf", Raw(f"{NOW + LEEWAY}.5")), "half a second too early", claim="nbf")
    add("nbf-fraction-begins", "accept", at("nbf", Raw(f"{NOW + LEEWAY - 1}.5")), "half a second ago")
    add("iat-fraction-future", "issued_in_future", at("iat", Raw(f"{NOW + LEEWAY}.5")), "half a second ahead", claim="iat")
    add("exp-fraction", "accept", at("exp", Raw(f"{NOW + 3500}.123456789")), "nanoseconds")
    add("exp-fraction-long", "accept", at("exp", Raw(f"{NOW + 3500}.{'3' * 500}")), "500 digits of a fraction")
    add("all-fractions", "accept", at("exp", Raw(f"{NOW + 10}.25"), iat=Raw(f"{NOW - 10}.75"), nbf=Raw(f"{NOW - 10}.5")),
        "python's time.time() written as it is")

    # Exponents and signs: the value counts, not the spelling.
    add("exp-exponent", "accept", at("exp", Raw("1.8000035e9")), "1.8000035e9 is a whole second")
    add("exp-exponent-capital", "accept", at("exp", Raw("18000035E2")), "18000035E2")
    add("exp-exponent-plus", "accept", at("exp", Raw("18000035E+0002")), "a sign and zeros in the exponent")
    add("exp-exponent-negative", "accept", at("exp", Raw("180000350000e-2")), "a negative exponent")
    add("exp-exponent-fraction", "accept", at("exp", Raw("18000035005e-1")), "a fraction by exponent")
    add("exp-exponent-expired", "expired", at("exp", Raw("1.79999e9")), "in exponent form, and over", claim="exp")
    add("exp-zero", "expired", at("exp", 0), "exp 0", claim="exp")
    add("exp-minus-zero", "expired", at("exp", Raw("-0")), "-0 is 0", claim="exp")
    add("exp-minus-zero-fraction", "expired", at("exp", Raw("-0.0")), "-0.0 is 0", claim="exp")
    add("exp-tiny", "expired", at("exp", Raw("1e-400")), "a number next to zero", claim="exp")
    add("exp-zero-huge-exponent", "expired", at("exp", Raw("0e999999999999999999999")), "zero, however it is scaled", claim="exp")

    # Range: 0 to the end of the year 9999.
    malformed = [
        ("last-plus-one", LAST + 1, "the first second of the year 10000"),
        ("last-and-half", Raw(f"{LAST}.5"), "half a second after the last"),
        ("milliseconds", (NOW + 3500) * 1000, "milliseconds"),
        ("microseconds", (NOW + 3500) * 1000000, "microseconds"),
        ("int32-max-squared", 2**62, "2^62"),
        ("int64-max", 2**63 - 1, "the greatest signed 64-bit integer"),
        ("int64-overflow", 2**63, "2^63"),
        ("uint64-max", 2**64 - 1, "2^64 - 1"),
        ("uint64-wrapped", 2**64 + NOW + 3500, "would be a good time modulo 2^64"),
        ("int128", 2**127, "2^127"),
        ("300-digits", Raw("9" * 300), "300 digits"),
        ("4000-digits", Raw("1" + "0" * 4000), "4000 digits"),
        ("1e300", Raw("1e300"), "1e300"),
        ("1e400", Raw("1e400"), "beyond a double"),
        ("huge-exponent", Raw("1e99999999999999999999"), "an exponent beyond 64 bits"),
        ("negative", -1, "a second before 1970"),
        ("negative-large", -(NOW + 3500), "a good time with a minus sign"),
        ("negative-fraction", Raw("-0.5"), "half a second before 1970"),
        ("int64-min", -(2**63), "the least signed 64-bit integer"),
        ("negative-huge", Raw("-1e300"), "-1e300"),
    ]
    for name, value, comment in malformed:
        add(f"exp-{name}", "malformed_claims", at("exp", value), f"exp: {comment}", claim="exp")
    for claim in ["nbf", "iat", "auth_time"]:
        for name, value, comment in malformed:
            if name in ("last-plus-one", "milliseconds", "negative", "1e400", "uint64-wrapped"):
                # Who does not ask how old the login is does not mind what auth_time is.
                asked = {"policy": "access-max-age"} if claim == "auth_time" else {}
                add(f"{claim}-{name}", "malformed_claims", at(claim, value), f"{claim}: {comment}", claim=claim, **asked)
    add("exp-last", "accept", at("exp", LAST), "the last second of the year 9999")
    add("exp-last-by-exponent", "accept", at("exp", Raw("2.53402300799e11")), "the same by exponent")
    add("nbf-last", "not_yet_valid", at("nbf", LAST), "not before the end of 9999", claim="nbf")
    add("iat-last", "issued_in_future", at("iat", LAST), "issued at the end of 9999", claim="iat")
    add("exp-2038", "accept", at("exp", 2**31), "beyond 32 bits, signed")
    add("exp-2106", "accept", at("exp", 2**32), "beyond 32 bits")
    add("exp-2038-wrapped", "accept", at("exp", 2**32 + 1), "would be 1 modulo 2^32")

    # Other clocks.
    add("clock-2038", "accept", mint(access(iat=2**31, exp=2**31 + 60)), "a token of 2038, then", now=2**31 + 10)
    add("clock-zero", "accept", mint(access(iat=0, exp=10)), "a clock that stands at 1970: no time is below zero", now=0)
    add("clock-zero-future", "issued_in_future", mint(), "a clock that stands at 1970", now=0, claim="iat")
    add("clock-last", "expired", at("exp", LAST), "the end of 9999 has come", now=LAST + LEEWAY, claim="exp")
