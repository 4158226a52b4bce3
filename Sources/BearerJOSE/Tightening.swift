/// What one request demands beyond its policy; it can only make the verdict stricter.
package struct Tightening: Equatable, Sendable {
  /// `aud` must also hold one of these; `nil` demands nothing.
  package var audiences: [String]?
  /// Scopes that must be granted besides the policy's.
  package var scopes: [String]
  /// The greatest age of the user's authentication in seconds; the smaller one of this and the policy's counts.
  package var maximumAge: Int64?
  /// Accepted `acr` values; what remains of the policy's counts.
  package var acrValues: [String]?
  /// The value that `nonce` must have.
  package var nonce: String?

  /// Demands of a request; none by default.
  package init(
    audiences: [String]? = nil, scopes: [String] = [], maximumAge: Int64? = nil, acrValues: [String]? = nil,
    nonce: String? = nil
  ) {
    self.audiences = audiences
    self.scopes = scopes
    self.maximumAge = maximumAge
    self.acrValues = acrValues
    self.nonce = nonce
  }
}
