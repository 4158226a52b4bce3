"""aud, in both of its shapes: any of the policy's; for ID tokens every value and azp."""

from minting import AUDIENCE, CLIENT, DROP, access, identity, mint, mint_id


def cases(add):
    for name, value, comment in [
        ("other", "https://other.example", "a token for another service"),
        ("trailing-slash", AUDIENCE + "/", "a trailing slash"),
        ("case", "https://API.example", "audiences know case"),
        ("prefix", AUDIENCE + ".evil.example", "the policy's audience is only a prefix"),
        ("shorter", AUDIENCE[:-1], "the last letter is missing"),
        ("space", AUDIENCE + " ", "a space behind"),
        ("list-in-string", f"{AUDIENCE} https://other.example", "two audiences in one string"),
        ("comma-list", f"{AUDIENCE},https://other.example", "two audiences in one string, by comma"),
        ("empty", "", "an empty string"),
        ("array-of-others", ["https://a.example", "https://b.example"], "none of two"),
        ("array-of-empty", [""], "a list of an empty string"),
        ("client", CLIENT, "the client's own name, as an ID token has it"),
        ("wildcard", "*", "an asterisk means nothing"),
    ]:
        add(name, "wrong_audience", mint(access(aud=value)), f"aud: {comment}", claim="aud")
    add("missing-any", "wrong_audience", mint(access(aud=DROP), typ="JWT"),
        "the policy has audiences, the token none: never fail open", policy="any", claim="aud")
    add("kelvin", "wrong_audience", mint(access(aud="https://api.example/\u212a", client_id="K", unit="K", scope="K")),
        "the Kelvin sign for K: canonically equivalent, not equal", policy="access-kelvin", claim="aud")
    add("string", "accept", mint(access(aud=AUDIENCE)), "one audience, as a string")
    add("array", "accept", mint(access(aud=[AUDIENCE])), "one audience, as a list")
    add("array-last", "accept", mint(access(aud=["https://a.example", "", AUDIENCE])), "the last of three")
    add("array-repeated", "accept", mint(access(aud=[AUDIENCE, AUDIENCE])), "the same twice")
    add("array-long", "accept", mint(access(aud=[f"https://{n}.example" for n in range(300)] + [AUDIENCE])), "one of 301")
    add("any-of-policy", "accept", mint(access(aud="https://api.example/v2")), "the second of the policy's two",
        policy="access-two-audiences")
    add("unchecked", "accept", mint(access(aud=["x", "y"])), "audience_check = false", policy="access-without-audience")
    add("unchecked-absent", "accept", mint(access(aud=DROP), typ="JWT"),
        "token_type any with audience_check = false: Cognito's access tokens have no aud", policy="any-without-audience")

    add("id-array", "accept", mint_id(identity(aud=[CLIENT])), "a list of one", policy="id")
    add("id-extra", "wrong_audience", mint_id(identity(aud=[CLIENT, "stranger"])),
        "an ID token that is for somebody else too (OpenID Connect Core 3.1.3.7, point 3)", policy="id", claim="aud")
    add("id-extra-first", "wrong_audience", mint_id(identity(aud=["stranger", CLIENT])), "the stranger before",
        policy="id", claim="aud")
    add("id-two-known", "accept", mint_id(identity(aud=[CLIENT, "app-2"])), "two audiences, both of the policy",
        policy="id-two-audiences")
    add("empty-array", "wrong_audience", mint(access(aud=[])), "a list of none", claim="aud")
    add("id-empty-array", "wrong_audience", mint_id(identity(aud=[])), "every one of none is no audience", policy="id",
        claim="aud")
    add("id-other", "wrong_audience", mint_id(identity(aud="stranger")), "an ID token of another client", policy="id", claim="aud")
    add("id-api", "wrong_audience", mint_id(identity(aud=AUDIENCE)), "an ID token for the service itself", policy="id", claim="aud")
    add("id-azp", "accept", mint_id(identity(azp=CLIENT)), "azp is the client", policy="id")
    add("id-azp-stranger", "wrong_client", mint_id(identity(azp="stranger")),
        "an ID token that was issued to another client (OpenID Connect Core 3.1.3.7, point 5)", policy="id", claim="azp")
    add("id-azp-other-known", "accept", mint_id(identity(azp="app-2")), "azp is another audience of the policy",
        policy="id-two-audiences")
    add("id-azp-empty", "wrong_client", mint_id(identity(azp="")), "an empty azp is present", policy="id", claim="azp")
    add("access-azp-stranger", "accept", mint(access(azp="stranger")), "azp of an access token is not an audience")
