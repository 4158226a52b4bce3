"""cnf: a sender-constrained token is not a bearer token (RFC 7800, RFC 8705, RFC 9449)."""

from minting import access, jwk, mint


def cases(add):
    for name, value in [
        ("dpop", {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
        ("mtls", {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}),
        ("jwk", {"jwk": jwk("p256")}), ("unknown", {"x": 1}), ("empty", {}),
    ]:
        add(f"{name}-refused", "proof_required", mint(access(cnf=value)), f"cnf ({name}): no proof comes with it", claim="cnf")
        add(f"{name}-ignored", "accept", mint(access(cnf=value)), f'cnf ({name}) with sender_constraint = "ignore"',
            policy="access-constrained")
    add("ill-typed-ignored", "malformed_claims", mint(access(cnf="x")), "an ill-typed cnf is malformed all the same",
        policy="access-constrained", claim="cnf")
    add("any", "proof_required", mint(access(cnf={"jkt": "x"}), typ="JWT"), "the same for token_type any", policy="any",
        claim="cnf")
