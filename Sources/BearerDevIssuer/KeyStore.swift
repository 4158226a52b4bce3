/// Where a development issuer's keys and grants are: a directory shared by several processes, or memory within a test.
package protocol KeyStore: GrantStore {
  /// The keys as they are now, oldest first.
  ///
  /// - Throws: ``DevIssuerError`` if they cannot be read.
  func keys() throws(DevIssuerError) -> [IssuerKey]
}

extension KeyStore {
  /// The key that signs: the newest RS256 key, as most providers use, else the newest of all.
  ///
  /// - Throws: ``DevIssuerError/noKey`` if there is none, another ``DevIssuerError`` if the keys cannot be read.
  package func defaultKey() throws(DevIssuerError) -> IssuerKey {
    let keys = try keys()
    guard let key = keys.last(where: { $0.algorithm == .rs256 }) ?? keys.last else {
      throw .noKey
    }
    return key
  }

  /// The newest key for `algorithm`, or nil if there is none.
  ///
  /// - Throws: ``DevIssuerError`` if the keys cannot be read.
  package func newestKey(for algorithm: SigningAlgorithm) throws(DevIssuerError) -> IssuerKey? {
    try keys().last { $0.algorithm == algorithm }
  }

  /// The key with this `kid`.
  ///
  /// - Throws: ``DevIssuerError/unknownKey(kid:)`` if there is none.
  package func key(kid: String) throws(DevIssuerError) -> IssuerKey {
    guard let key = try keys().last(where: { $0.kid == kid }) else { throw .unknownKey(kid: kid) }
    return key
  }
}
