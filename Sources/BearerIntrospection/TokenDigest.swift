import BearerCrypto

/// A stand-in for a token in the tables of a back-end's answers: its SHA-256, and what it was taken of.
///
/// Anyone can send made-up tokens, so the digest is not shortened: nobody can find a second token for it. Tokens
/// themselves are not kept.
package struct TokenDigest: Hashable, Sendable {
  /// What was digested.
  package enum Subject: Hashable, Sendable {
    /// All of an opaque token.
    case opaqueToken
    /// Header and payload of a JWT.
    ///
    /// An ECDSA signature has a second valid spelling that anyone can compute. With the signature in the digest, a
    /// revoked token could get a new one. The subject is part of the digest, because an opaque token that reads like
    /// the header and payload of a JWT must not find what is known of that JWT.
    case signingInput
  }

  private let subject: Subject
  private let a: UInt64
  private let b: UInt64
  private let c: UInt64
  private let d: UInt64

  /// A digest of four words.
  ///
  /// - Parameters:
  ///   - words: The SHA-256.
  ///   - subject: What it was taken of.
  package init(_ words: (UInt64, UInt64, UInt64, UInt64), of subject: Subject) {
    (a, b, c, d) = words
    self.subject = subject
  }

  /// The digest of these bytes.
  package init(_ bytes: Span<UInt8>, of subject: Subject) {
    self.init(SHA256.digest(of: bytes), of: subject)
  }

  /// One word of a digest is spread as evenly as all four.
  package func hash(into hasher: inout Hasher) { hasher.combine(a) }

  /// The bytes that identify it in a table of waits.
  var waitName: [UInt8] { [a, b].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } } }
}
