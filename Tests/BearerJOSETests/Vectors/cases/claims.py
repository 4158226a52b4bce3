"""required_claims and claims of a policy."""

from minting import DROP, Raw, access, mint


def cases(add):
    for name, value in [("string", "a"), ("empty-string", ""), ("false", False), ("zero", 0), ("empty-array", []),
                        ("empty-object", {})]:
        add(f"required-{name}", "accept", mint(access(tenant=value)), "present and not null", policy="access-required")
    add("required-absent", "missing_claim", mint(), "a claim that the policy requires", policy="access-required", claim="tenant")
    add("required-null", "missing_claim", mint(access(tenant=None)), "null is none", policy="access-required", claim="tenant")
    add("required-case", "missing_claim", mint(access(Tenant="a")), "names know case", policy="access-required", claim="tenant")
    add("required-nested", "missing_claim", mint(access(x={"tenant": "a"})), "not at another level",
        policy="access-required", claim="tenant")

    def compare(policy, claim, accepted, refused):
        for name, value in accepted:
            add(f"{policy[7:]}-{name}", "accept", mint(access({claim: value})), f"{claim}: {name.replace('-', ' ')}",
                policy=policy)
        for name, value in refused:
            add(f"{policy[7:]}-{name}", "claim_mismatch", mint(access({claim: value})), f"{claim}: {name.replace('-', ' ')}",
                policy=policy, claim=claim)

    compare("access-claim-string", "token_use",
            [("equal", "access"), ("escaped", Raw('"\\u0061ccess"')), ("in-a-list", ["x", "access"])],
            [("other", "id"), ("case", "Access"), ("prefix", "access2"), ("empty", ""), ("absent", DROP), ("null", None),
             ("number", 1), ("true", True), ("object", {"access": 1}), ("empty-list", []), ("list-of-others", ["id", "x"]),
             ("nested-list", [["access"]]), ("nul", "access\0")])
    compare("access-claim-any-of", "role",
            [("first", "reader"), ("second", "writer"), ("list", ["admin", "writer"])],
            [("neither", "admin"), ("both-in-one", "reader writer"), ("list-of-others", ["admin"])])
    compare("access-claim-integer", "level", [("equal", 3), ("in-a-list", [1, 2, 3])],
            [("other", 4), ("string", "3"), ("fraction", Raw("3.5")), ("true", True), ("huge", Raw("3e400")),
             ("wrapped", 2**64 + 3), ("negative", -3), ("absent", DROP)])
    compare("access-claim-boolean", "verified", [("true", True), ("in-a-list", [False, True])],
            [("false", False), ("string", "true"), ("one", 1), ("null", None), ("absent", DROP)])
    add("two-both", "accept", mint(access(token_use="access", level=3)), "both claims", policy="access-claim-two")
    add("two-first", "claim_mismatch", mint(access(token_use="access", level=2)), "only the first", policy="access-claim-two",
        claim="level")
    add("two-second", "claim_mismatch", mint(access(token_use="id", level=3)), "only the second", policy="access-claim-two",
        claim="token_use")
    add("kelvin", "claim_mismatch", mint(access(aud="https://api.example/K", client_id="K", unit="\u212a", scope="K")),
        "the Kelvin sign for K: canonically equivalent, not equal", policy="access-kelvin", claim="unit")
