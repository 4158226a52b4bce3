/// What one request demands beyond its policy, as bytes; it can only make the verdict stricter.
package struct RequestConstraints: Equatable, Sendable {
  /// `aud` must also hold one of these; `nil` demands nothing.
  package var audiences: [[UInt8]]?
  /// Scopes that must be granted besides the policy's.
  package var scopes: [[UInt8]] = []
  /// Roles that must be granted besides the policy's.
  package var roles: [[UInt8]] = []
  /// The greatest age of the user's authentication in seconds; the smaller one of this and the policy's counts.
  package var maximumAge: Int64?
  /// Accepted `acr` values; only those that the policy accepts, too, count.
  package var acrValues: [[UInt8]]?
  /// The value that `nonce` must have.
  package var nonce: [UInt8]?

  /// No constraints.
  package init() {}

  /// Bytes of memory that the values take besides their own: for each an array's header of 32 bytes, its place in a
  /// list, and what malloc adds.
  package var overheadBytes: Int {
    let lists = [audiences ?? [], scopes, roles, acrValues ?? []]
    return 64 * lists.reduce(nonce == nil ? 0 : 1) { $0 + $1.count }
  }

  /// Whether there are no constraints, so that the prepared policy can be used as it is.
  package var isEmpty: Bool {
    audiences == nil && scopes.isEmpty && roles.isEmpty && maximumAge == nil && acrValues == nil && nonce == nil
  }
}
