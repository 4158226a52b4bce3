"""clients: client_id, else azp."""

from minting import CLIENT, DROP, access, mint


def cases(add):
    policy = {"policy": "access-clients"}
    add("first", "accept", mint(), "the first of the policy's two", **policy)
    add("second", "accept", mint(access(client_id="back-office")), "the second of the policy's two", **policy)
    add("other", "wrong_client", mint(access(client_id="stranger")), "a client that is not in the list", claim="client_id", **policy)
    add("case", "wrong_client", mint(access(client_id="App")), "clients know case", claim="client_id", **policy)
    add("empty", "wrong_client", mint(access(client_id="")), "an empty client_id", claim="client_id", **policy)
    add("client_id-over-azp", "accept", mint(access(azp="stranger")), "client_id counts, azp does not", **policy)
    add("azp-does-not-help", "wrong_client", mint(access(client_id="stranger", azp=CLIENT)),
        "azp does not help a wrong client_id", claim="client_id", **policy)
    add("azp", "accept", mint(access(client_id=DROP, azp=CLIENT)), "without client_id, azp counts", policy="any-clients")
    add("azp-other", "wrong_client", mint(access(client_id=DROP, azp="stranger")), "without client_id, azp counts",
        policy="any-clients", claim="azp")
    add("client_id-null", "accept", mint(access(client_id=None, azp=CLIENT)), "a null client_id is none", policy="any-clients")
    add("neither", "wrong_client", mint(access(client_id=DROP)), "neither client_id nor azp: never fail open",
        policy="any-clients")
    add("kelvin", "wrong_client", mint(access(aud="https://api.example/K", client_id="\u212a", unit="K", scope="K")),
        "the Kelvin sign for K: canonically equivalent, not equal", policy="access-kelvin", claim="client_id")
    add("unlisted", "accept", mint(access(client_id="stranger")), "a policy without clients takes every client")
    add("cognito", "accept",
        mint(access(aud=DROP, jti="x", token_use="access", version=2), typ=DROP),
        "Cognito's access token: client_id and token_use instead of aud", policy="any-token-use")
    add("cognito-id-token", "claim_mismatch", mint(access(token_use="id"), typ=DROP),
        "Cognito's ID token in its place", policy="any-token-use", claim="token_use")
