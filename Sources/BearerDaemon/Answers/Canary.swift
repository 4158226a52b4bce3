import BearerClaims
import BearerJOSE

/// A token whose verdict is known, to prove that verifying still works.
///
/// Its key was made once and thrown away, so nobody can sign with it, and its issuer and policy are in no
/// configuration, so no request can reach them. Both tokens go through the verifier that requests go through and,
/// as it remembers no signature, through libcrypto each time.
struct Canary {
  private static let keys = """
    {"keys":[{"kty":"EC","crv":"P-256","kid":"canary","alg":"ES256","x":"hUOD-LifIaEYYyyqTUA9j68h91Zv2NTngdoHOFbVpTg","y":"ZLpxjsOmr8x5XWp6By05c3zprOFJRuPJnjocXpQDvJI"}]}
    """
  private static let header = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImNhbmFyeSIsInR5cCI6ImF0K2p3dCJ9"
  private static let payload = """
    eyJpc3MiOiJjYW5hcnk6Iiwic3ViIjoiY2FuYXJ5IiwiYXVkIjoiY2FuYXJ5OiIsImNsaWVudF9pZCI6ImNhbmFyeSIsImlhdCI6\
    MCwianRpIjoiY2FuYXJ5IiwiZXhwIjoyNTM0MDIzMDA3OTl9
    """
  private static let signature = """
    MzsRIBNeBBtheJwrANga6lWrKekWq88Z9fURsKirNsCCVZxKyVhTx7lsVo7pG9EytJz5kok0Sw1Bc0GQIamL_g
    """

  private let issuers = IssuerTable([Issuer(name: "canary", url: "canary:", algorithms: [.es256])])
  private let policy: EffectivePolicy
  private let keySet: KeySet?
  private let good: [UInt8]
  private let bad: [UInt8]
  private var verifier = Verifier()

  init() {
    let policy = Policy(name: "canary", issuers: ["canary"], audiences: ["canary:"])
    self.policy = EffectivePolicy(policy, issuers: issuers.map(\.name))
    // Without a key no canary passes, so a fault here shows as what it is: verifying does not work.
    keySet = try? KeySet(parsing: Array(Self.keys.utf8), algorithms: [.es256])
    good = Array("\(Self.header).\(Self.payload).\(Self.signature)".utf8)
    // The same with another first byte of the signature.
    bad = Array("\(Self.header).\(Self.payload).A\(Self.signature.dropFirst())".utf8)
  }

  /// Whether the good token is accepted and the bad one refused for its signature.
  mutating func passes(at now: NumericDate) -> Bool {
    let input = VerificationInput(issuers: issuers, policy: policy, now: now)
    // Local copies of the references: a span of a member would count as a use of the whole canary.
    let (good, bad, keySet) = (good, bad, keySet)
    guard case .accepted = verifier.verify(good.span, input, keys: { _ in keySet }),
      case .rejected(let rejection) = verifier.verify(bad.span, input, keys: { _ in keySet })
    else { return false }
    return rejection.code == .token(.badSignature)
  }
}
