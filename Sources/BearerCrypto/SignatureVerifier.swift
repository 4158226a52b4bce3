internal import Synchronization

/// A key and a scheme, ready to verify any number of signatures, from any number of threads at once.
///
/// Each call has a ``VerificationContext`` to itself: an idle one, or a new one if all are at work. So there are never
/// more of them than there were calls at one moment, and once each thread has had its first, a call prepares nothing
/// and allocates nothing in Swift. The lock is held for the moment of taking or returning one, never while computing.
package final class SignatureVerifier: Sendable {
  /// The key.
  package let key: PublicKey
  /// How the signatures are made.
  package let scheme: SignatureScheme
  /// The only length, in bytes, that a valid signature can have.
  package let signatureBytes: Int

  /// Contexts that no call uses now.
  let idle: Mutex<[VerificationContext]>

  /// Prepares the verification; `nil` if the scheme does not fit the key.
  init?(key: PublicKey, scheme: SignatureScheme) {
    switch (key.kind, scheme) {
    case (.rsa(let modulusBits), .rsaPKCS1), (.rsa(let modulusBits), .rsaPSS):
      // RFC 8017 sections 8.1.2 and 8.2.2, step 1. For PSS libcrypto would take shorter ones.
      signatureBytes = (modulusBits + 7) / 8
    case (.ec(let curve), .ecdsa(let other, _)) where curve == other:
      signatureBytes = 2 * curve.coordinateBytes
    case (.ed25519, .ed25519):
      signatureBytes = 64
    case (.ed448, .ed448):
      signatureBytes = 114
    default:
      return nil
    }
    guard let context = VerificationContext(key: key, scheme: scheme) else { return nil }
    self.key = key
    self.scheme = scheme
    idle = Mutex([context])
  }

  /// Checks whether a signature is one that the key's owner made of the message.
  ///
  /// Nothing is left in the thread's error queue.
  ///
  /// - Parameters:
  ///   - signature: The signature's octets as JOSE has them: for ECDSA `r || s` of fixed length (RFC 7518 section 3.4),
  ///     never DER.
  ///   - message: What was signed; for a compact JWS its first two segments with the dot between (RFC 7515
  ///     section 5.2, step 8).
  /// - Returns: The result.
  package func check(signature: Span<UInt8>, over message: Span<UInt8>) -> SignatureOutcome {
    guard signature.count == signatureBytes else { return .bad }
    // `init` made sure that the scheme fits the key, so without a context memory ran out.
    guard let context = idle.withLock({ $0.popLast() }) ?? VerificationContext(key: key, scheme: scheme)
    else { return .undecided }
    defer { idle.withLock { $0.append(context) } }
    return context.check(signature: signature, over: message)
  }
}
