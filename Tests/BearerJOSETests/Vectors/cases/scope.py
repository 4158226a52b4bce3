"""Scopes: all of the policy's, read from a space separated string or a list of strings."""

from minting import access, mint


def cases(add):
    policy = {"policy": "access-scopes"}
    for name, members, comment in [
        ("string", {"scope": "read write"}, "a string, as RFC 8693 has it"),
        ("order", {"scope": "write openid read"}, "in any order, among others"),
        ("array", {"scope": ["read", "write"]}, "a list, as seen in the field"),
        ("scp-string", {"scp": "read write"}, "scp as a string"),
        ("scp-array", {"scp": ["read", "write", "x"]}, "scp as a list"),
        ("both-claims", {"scope": "read", "scp": ["write"]}, "both claims together"),
        ("spaces", {"scope": "  read   write "}, "more spaces than needed"),
        ("repeated", {"scope": "read read write"}, "one of them twice"),
        ("null-and-other", {"scope": None, "scp": "read write"}, "one claim null"),
    ]:
        add(name, "accept", mint(access(members)), comment, **policy)
    for name, members, comment in [
        ("absent", {}, "no scope at all: never fail open"),
        ("one-of-two", {"scope": "read"}, "all are needed"),
        ("none-of-two", {"scope": "openid email"}, "none"),
        ("empty", {"scope": ""}, "an empty string"),
        ("empty-array", {"scope": []}, "an empty list"),
        ("null", {"scope": None}, "null"),
        ("case", {"scope": "Read Write"}, "scopes know case"),
        ("prefix", {"scope": "read:all write:all"}, "a scope is not a prefix"),
        ("joined", {"scope": "readwrite"}, "not a substring"),
        ("comma", {"scope": "read,write"}, "separated by a comma"),
        ("tab", {"scope": "read\twrite"}, "separated by a tab: only a space separates (RFC 6749 section 3.3)"),
        ("no-break-space", {"scope": "read\u00a0write"}, "separated by a no-break space"),
        ("line-feed", {"scope": "read\nwrite"}, "separated by a line feed"),
        ("elsewhere", {"permissions": ["read", "write"]}, "in a claim where nobody looks"),
        ("negated", {"scope": "-read -write"}, "with a minus"),
    ]:
        add(name, "insufficient_scope", mint(access(members)), comment, **policy)
    add("kelvin", "insufficient_scope", mint(access(aud="https://api.example/K", client_id="K", unit="K", scope="\u212a")),
        "the Kelvin sign for K: canonically equivalent, not equal", policy="access-kelvin")
    add("kelvin-good", "accept", mint(access(aud="https://api.example/K", client_id="K", unit="K", scope="K")),
        "K itself", policy="access-kelvin")
    policy = {"policy": "access-scopes-elsewhere"}
    add("other-claim", "accept", mint(access(permissions=["read"])), "scope_claims names another claim", **policy)
    add("other-claim-string", "accept", mint(access(permissions="read x")), "in the other shape", **policy)
    add("other-claim-only", "insufficient_scope", mint(access(scope="read")), "scope is not looked at any more", **policy)
    add("other-claim-ill-typed", "malformed_claims", mint(access(permissions={"read": True})), "an object is neither shape",
        claim="permissions", **policy)
