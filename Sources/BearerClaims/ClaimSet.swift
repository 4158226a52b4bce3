package import BearerJSON

/// Claims to be judged: a JSON object, the payload of a token or what a back-end says about one.
///
/// It is reused from token to token, so that reading claims allocates nothing in the steady state.
package struct ClaimSet: Sendable {
  /// The object's text.
  ///
  /// Call ``parse()`` after a change.
  package var bytes: [UInt8] = []
  /// Where each value is in ``bytes``.
  package private(set) var tape = JSONTape()
  private(set) var registered = RegisteredClaims()

  /// No claims.
  package init() {}

  /// Reads the text.
  ///
  /// - Throws: `JSONError` if the text is not accepted JSON; there are no claims then.
  package mutating func parse() throws(JSONError) {
    registered = RegisteredClaims()
    // A local copy of the reference: a span of the member would count as a use of the whole set.
    let bytes = bytes
    try tape.read(bytes.span)
    if tape.rootIsObject { registered = RegisteredClaims(tape, bytes.span) }
  }

  /// Whether the text is an object; anything else has no claims.
  package var isObject: Bool { tape.rootIsObject }

  /// A copy that takes no more memory than it must, to be kept.
  package func compact() -> ClaimSet {
    var copy = self
    copy.bytes = []
    copy.bytes.reserveCapacity(bytes.count)
    copy.bytes.append(contentsOf: bytes)
    copy.tape = tape.compact()
    return copy
  }

  /// What a compact copy takes in memory: its own size, and two arrays with a header of 32 bytes and the up to 24 that
  /// malloc adds to each.
  package var heldBytes: Int { MemoryLayout<Self>.size + bytes.count + tape.nodeBytes + 2 * (32 + 24) }

  // MARK: Questions

  /// Whether `iss` is this text, byte for byte (OpenID Connect Core 1.0 section 3.1.3.7, point 2).
  package func hasIssuer(_ url: [UInt8]) -> Bool {
    registered.issuer.map { tape.string($0, equals: url, bytes.span) } ?? false
  }

  /// Whether a claim is this text, byte for byte.
  package func string(_ name: StaticString, is text: [UInt8]) -> Bool {
    value(of: name).map { tape.string($0, equals: text, bytes.span) } ?? false
  }

  /// A hash of `iss` to look it up by; `nil` if it is not a string.
  package var issuerHash: UInt64? { registered.issuer.flatMap { tape.stringHash($0, bytes.span) } }

  /// Refuses claims without an `iss` that can be compared.
  package func requireIssuer() throws(Rejection) {
    guard registered.issuer != nil else { throw Rejection(.missingClaim, "The token has no iss.", claim: "iss") }
    try requireString(registered.issuer, "iss")
  }

  /// `iss`, if it is a string.
  package var issuer: String? { registered.issuer.flatMap { tape.text($0, bytes.span) } }

  /// `exp`, if it is a date.
  package var expiry: NumericDate? { registered.expiry.date }

  /// Appends the claims as a JSON object in which every value has its own source text.
  package func append(to line: inout [UInt8]) {
    tape.appendSource(0, bytes.span, to: &line)
  }

  /// Where the value of a claim is; `null` counts as none.
  package func value(of name: StaticString) -> Int? {
    tape.value(of: name, bytes.span).flatMap { tape[$0].kind == .null ? nil : $0 }
  }

  /// Where the value of a claim is; `null` counts as none.
  func value(of name: [UInt8]) -> Int? {
    tape.value(of: name, bytes.span).flatMap { tape[$0].kind == .null ? nil : $0 }
  }

  /// Appends the source text of a value.
  package func append(_ value: Int, to line: inout [UInt8]) {
    tape.appendSource(value, bytes.span, to: &line)
  }
}
