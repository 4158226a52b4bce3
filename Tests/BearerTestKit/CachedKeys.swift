package import BearerDevIssuer
import Synchronization

/// Signing keys made once in a test process, since an RSA key takes a noticeable part of a second.
package enum CachedKeys {
  private static let made = Mutex<[String: IssuerKey]>([:])

  /// A key for `algorithm`; the same one each time for the same `name`.
  ///
  /// - Parameters:
  ///   - algorithm: What the key is for.
  ///   - name: Its `kid`; nil is the algorithm's name in lower case.
  /// - Returns: The key.
  /// - Throws: ``DevIssuerError/signing(_:)`` if libcrypto fails.
  package static func key(
    _ algorithm: SigningAlgorithm = .es256, named name: String? = nil
  ) throws(DevIssuerError) -> IssuerKey {
    let kid = name ?? algorithm.rawValue.lowercased()
    let place = "\(algorithm.rawValue) \(kid)"
    // Two tests that come at once may both make a key; the first to be kept is the one that both get.
    if let key = made.withLock({ $0[place] }) { return key }
    let key = try IssuerKey.generate(algorithm, kid: kid)
    return made.withLock { keys in
      if let earlier = keys[place] { return earlier }
      keys[place] = key
      return key
    }
  }
}
