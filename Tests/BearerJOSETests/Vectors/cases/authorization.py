"""The Authorization header's value instead of a token (RFC 6750 section 2.1, RFC 9110 section 11.4)."""

from minting import NOW, access, mint


def cases(add):
    good = mint(key="ed25519")
    expired = mint(access(exp=NOW - 100), key="ed25519")

    def value(name, expect, text, comment, **headers):
        add(name, expect, None, comment, authorization=text, **headers)

    value("bearer", "accept", f"Bearer {good}", "as RFC 6750 has it")
    value("lower-case", "accept", f"bearer {good}", "schemes know no case")
    value("upper-case", "accept", f"BEARER {good}", "schemes know no case")
    value("mixed-case", "accept", f"bEaReR {good}", "schemes know no case")
    value("two-spaces", "accept", f"Bearer  {good}", "one or more spaces")
    value("spaces-around", "accept", f"  Bearer {good} ", "spaces around the value are none of it")
    value("more-behind", "malformed_token", f"Bearer {good} x", "what follows the token belongs to it and makes it bad")
    value("forged", "bad_signature", f"Bearer {mint(key='mallory-rsa', header={'kid': 'rsa'})}", "what holds for the token holds here")
    value("expired", "expired", f"Bearer {expired}", "what holds for the token holds here", claim="exp")
    value("opaque", "opaque_token", "Bearer 0b7f5f0e-58a1-4e0c-9f0e-3a54c86d7d0c", "an opaque token")

    value("empty", "missing_token", "", "no credentials: an application may pass what it got")
    value("scheme-only", "missing_token", "Bearer", "the scheme alone")
    value("scheme-and-space", "missing_token", "Bearer ", "the scheme and a space")
    value("basic", "missing_token", "Basic dXNlcjpwYXNz", "another scheme")
    value("dpop", "missing_token", f"DPoP {good}", "a scheme that asks for more")
    value("negotiate", "missing_token", "Negotiate", "another scheme alone")
    value("digest", "missing_token", 'Digest username="u", realm="r", nonce="n"', "a scheme with parameters")
    value("no-scheme", "missing_token", good, "a token without a scheme")
    value("scheme-glued", "missing_token", f"Bearer{good}", "no space behind the scheme")
    value("scheme-colon", "missing_token", f"Bearer: {good}", "a colon behind the scheme")
    value("longer-scheme", "missing_token", f"Bearers {good}", "a scheme that begins like it")
    value("shorter-scheme", "missing_token", f"Beare {good}", "a scheme that it begins with")
    value("token-scheme", "missing_token", f"Token {good}", "a scheme of other software")

    value("twice", "multiple_credentials", f"Bearer {good}, Bearer {good}", "two header lines joined by a proxy")
    value("twice-without-space", "multiple_credentials", f"Bearer {good},Bearer {good}", "joined without a space")
    value("twice-different", "multiple_credentials", f"Bearer {good}, Bearer {expired}", "one good, one not")
    value("twice-good-last", "multiple_credentials", f"Bearer {expired}, Bearer {good}", "one not, one good")
    value("basic-and-bearer", "multiple_credentials", f"Basic dXNlcjpwYXNz, Bearer {good}", "two schemes")
    value("bearer-and-basic", "multiple_credentials", f"Bearer {good}, Basic dXNlcjpwYXNz", "two schemes")
