import BearerJSON

/// Where the claims are that mean something to every policy; found in one pass.
///
/// A claim that is `null` counts as absent, because providers write `null` for no value.
struct RegisteredClaims: Sendable {
  /// The index of each claim's value in the tape.
  var issuer: Int?
  var subject: Int?
  var audience: Int?
  var tokenID: Int?
  var clientID: Int?
  var authorizedParty: Int?
  var nonce: Int?
  var authenticationContext: Int?
  var confirmation: Int?
  var events: Int?
  var accessTokenHash: Int?
  var codeHash: Int?
  /// The times, read once.
  var expiry = ClaimedTime.absent
  var notBefore = ClaimedTime.absent
  var issuedAt = ClaimedTime.absent
  var authenticationTime = ClaimedTime.absent

  /// No claims.
  init() {}

  /// Finds the claims of an object.
  init(_ tape: JSONTape, _ bytes: Span<UInt8>) {
    let end = Int(tape[0].next)
    var name = 1
    while name < end {
      let value = name + 1
      if tape[value].kind == .null {
        // Counts as absent.
      } else if let short = tape.shortString(name, bytes) {
        find(short, value, tape, bytes)
      } else if tape.string(name, equals: "client_id", bytes) {
        clientID = value
      } else if tape.string(name, equals: "auth_time", bytes) {
        authenticationTime = ClaimedTime(tape, value, bytes)
      }
      name = Int(tape[value].next)
    }
  }

  private mutating func find(_ name: UInt64, _ value: Int, _ tape: JSONTape, _ bytes: Span<UInt8>) {
    switch name {
    case Self.word("i", "s", "s"): issuer = value
    case Self.word("s", "u", "b"): subject = value
    case Self.word("a", "u", "d"): audience = value
    case Self.word("e", "x", "p"): expiry = ClaimedTime(tape, value, bytes)
    case Self.word("n", "b", "f"): notBefore = ClaimedTime(tape, value, bytes)
    case Self.word("i", "a", "t"): issuedAt = ClaimedTime(tape, value, bytes)
    case Self.word("j", "t", "i"): tokenID = value
    case Self.word("a", "z", "p"): authorizedParty = value
    case Self.word("a", "c", "r"): authenticationContext = value
    case Self.word("c", "n", "f"): confirmation = value
    case Self.word("n", "o", "n", "c", "e"): nonce = value
    case Self.word("e", "v", "e", "n", "t", "s"): events = value
    case Self.word("c", "_", "h", "a", "s", "h"): codeHash = value
    case Self.word("a", "t", "_", "h", "a", "s", "h"): accessTokenHash = value
    default: break
    }
  }

  /// The letters of a name in one word, in the form of ``JSONTape/shortString(_:_:)``.
  @inline(__always)
  private static func word(
    _ a: Unicode.Scalar, _ b: Unicode.Scalar, _ c: Unicode.Scalar, _ d: Unicode.Scalar = "\0",
    _ e: Unicode.Scalar = "\0", _ f: Unicode.Scalar = "\0", _ g: Unicode.Scalar = "\0"
  ) -> UInt64 {
    UInt64(a.value) | UInt64(b.value) << 8 | UInt64(c.value) << 16 | UInt64(d.value) << 24 | UInt64(e.value) << 32
      | UInt64(f.value) << 40 | UInt64(g.value) << 48
  }
}

/// The value of a claim that should be a time.
enum ClaimedTime: Sendable {
  /// The claim is absent.
  case absent
  /// The claim is not a NumericDate.
  case unreadable
  /// A time.
  case at(NumericDate)

  /// Reads a claim's value.
  init(_ tape: JSONTape, _ index: Int, _ bytes: Span<UInt8>) {
    self = NumericDate(tape, index, bytes).map { .at($0) } ?? .unreadable
  }

  /// The time, if there is one that can be read.
  var date: NumericDate? {
    if case .at(let date) = self { date } else { nil }
  }

  /// Whether the claim is present.
  var isPresent: Bool {
    if case .absent = self { false } else { true }
  }
}
