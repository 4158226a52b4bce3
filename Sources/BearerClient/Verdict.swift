internal import BearerJSON

/// The daemon's answer to the question whether a token may be trusted.
public enum Verdict: Equatable, Sendable {
  /// The token is good under the policy.
  case accepted(Acceptance)
  /// It is not, or that could not be decided.
  case refused(Refusal)

  /// What an accepted token says.
  public struct Acceptance: Equatable, Sendable {
    /// The policy that it satisfies.
    public var policy: String
    /// The issuer's short name in the daemon's configuration.
    public var issuer: String
    /// The claims, a JSON object in UTF-8 with every value as it stands in the token.
    public var claims: [UInt8]
    /// Seconds until the token expires.
    public var expiresIn: Int
    /// Whether the verdict rests on keys past their lifetime.
    public var isStale: Bool
  }

  /// Whether the token is good.
  public var isAccepted: Bool {
    if case .accepted = self { true } else { false }
  }

  /// Reads a reply to `verify`; whatever is not clearly an acceptance is none.
  init(_ reply: JSONObject) throws(ClientError) {
    guard reply["ok"] == .bool(true) else {
      guard let error = reply["error"], let refusal = Refusal(error) else { throw .malformedReply }
      self = .refused(refusal)
      return
    }
    guard let policy = reply["policy"]?.stringValue, let issuer = reply["issuer"]?.stringValue,
      let claims = reply["claims"], claims.objectValue != nil,
      let expiresIn = reply["expires_in"]?.integerValue.flatMap(Int.init(exactly:))
    else { throw .malformedReply }
    self = .accepted(
      Acceptance(
        policy: policy, issuer: issuer, claims: claims.serialized(), expiresIn: expiresIn,
        isStale: reply["stale"]?.boolValue ?? false))
  }
}
