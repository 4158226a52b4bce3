import BearerJSON

/// A token that passed every check; only the verifier can make one.
package struct VerifiedToken {
  /// The issuer's index.
  package let issuer: Int
  /// Whole seconds until `exp`, never negative; leeway may have let a token pass that has none left.
  package let expiresIn: Int64

  private let header: JOSEHeader
  private let claimsTape: JSONTape
  private let claimsBytes: [UInt8]

  init(
    issuer: Int, expiresIn: Int64, header: JOSEHeader, claimsTape: JSONTape, claimsBytes: [UInt8]
  ) {
    self.issuer = issuer
    self.expiresIn = expiresIn
    self.header = header
    self.claimsTape = claimsTape
    self.claimsBytes = claimsBytes
  }

  /// Appends the claims as a JSON object in which every value has its own source text.
  package func appendClaims(to line: inout [UInt8]) {
    claimsTape.appendSource(0, claimsBytes.span, to: &line)
  }

  /// Appends those header parameters that were verified to mean something, as a JSON object: `alg`, `kid`, `typ`.
  package func appendHeader(to line: inout [UInt8]) {
    line.append(contentsOf: header.shown)
  }

  /// Appends the source text of one claim's value.
  ///
  /// - Parameters:
  ///   - name: The claim.
  ///   - line: Where to.
  /// - Returns: Whether there is such a claim; `null` counts as none.
  package func appendClaim(_ name: StaticString, to line: inout [UInt8]) -> Bool {
    guard let value = claimsTape.value(of: name, claimsBytes.span), claimsTape[value].kind != .null else {
      return false
    }
    claimsTape.appendSource(value, claimsBytes.span, to: &line)
    return true
  }

  /// The strings of a claim that is a space separated string or an array of strings; empty if it is neither.
  package func words(of name: String) -> [String] {
    guard let value = claimsTape.value(of: Array(name.utf8), claimsBytes.span) else { return [] }
    switch JSONValue(claimsTape, value, claimsBytes.span) {
    case .string(let text): return text.utf8.split(separator: UInt8(ascii: " ")).compactMap { String($0) }
    case .array(let elements): return elements.compactMap(\.stringValue)
    default: return []
    }
  }
}
