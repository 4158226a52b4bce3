/// Tokens whose signatures are good and that are all called inactive, one after the other.
///
/// The same answer comes when a session was ended, when the asker is not in the token's `aud` (Keycloak, Zitadel), when
/// its secret is wrong (Authentik) and when the provider's database is away (Hydra, Zitadel). One token says nothing;
/// that every one of many is revoked is unlikely.
struct InactiveStreak: Sendable {
  private var tokens: Set<TokenDigest> = []

  /// Whether so many were called inactive, and none active, that the back-end's word is doubtful.
  var isSuspicious: Bool { tokens.count >= BackEndLimits.suspiciousInactive }

  /// Notes a no about a token that is good locally.
  ///
  /// - Returns: Whether the back-end's word has become doubtful by it.
  mutating func noteInactive(_ digest: TokenDigest) -> Bool {
    if isSuspicious { return false }
    tokens.insert(digest)
    return isSuspicious
  }

  /// Notes a yes.
  mutating func noteActive() { tokens = [] }
}
