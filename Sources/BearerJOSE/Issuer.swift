package import BearerClaims

/// An issuer as the verifier needs it: its name in `iss`, and what it may sign with.
package struct Issuer: Sendable {
  /// The short name in the configuration and in replies.
  package let name: String
  /// The value of `iss`, compared byte for byte (OpenID Connect Core 1.0 section 3.1.3.7, point 2).
  package let url: String
  /// The algorithms that its tokens may name.
  package let algorithms: AlgorithmSet

  /// How it writes claims, where that is not the RFCs' way.
  package let profile: PreparedProfile?

  let urlBytes: [UInt8]

  /// An issuer.
  package init(name: String, url: String, algorithms: Set<Algorithm>, profile: IssuerProfile = IssuerProfile()) {
    self.name = name
    self.url = url
    self.algorithms = AlgorithmSet(algorithms)
    self.profile = PreparedProfile(profile)
    urlBytes = Array(url.utf8)
  }
}
