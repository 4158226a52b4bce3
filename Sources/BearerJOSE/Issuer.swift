package import BearerClaims

/// An issuer as the verifier needs it: its name in `iss`, and what it may sign with.
package struct Issuer: Sendable {
  /// The short name in the configuration and in replies.
  package let name: String
  /// The value of `iss`, or a template of it.
  package let url: String
  /// The algorithms that its tokens may name.
  package let algorithms: AlgorithmSet

  /// How it writes claims, if it deviates from the RFCs.
  package let profile: PreparedProfile?

  /// Every value of `iss` that its tokens may have.
  let names: [IssuerName]

  /// An issuer.
  package init(name: String, url: String, algorithms: Set<Algorithm>, profile: IssuerProfile = IssuerProfile()) {
    self.name = name
    self.url = url
    self.algorithms = AlgorithmSet(algorithms)
    self.profile = PreparedProfile(profile)
    names = IssuerName.all(of: url, profile)
  }
}
