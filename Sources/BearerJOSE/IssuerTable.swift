import BearerClaims
import BearerJSON

/// All issuers, by their place, and found by the bytes of their urls at a cost that does not grow with their number.
///
/// Where an issuer is looked for follows from a hash of its url, and from there on until a place is free. The hash is no
/// secret: only the operator's urls are in the table, and whoever sends another finds that one of them is not his.
package struct IssuerTable: RandomAccessCollection, Sendable {
  private let issuers: [Issuer]
  /// Places of issuers, or -1 where none is; at least twice as many as issuers, and a power of two.
  private let slots: [Int32]
  /// Whether an issuer has rules for kinds of tokens, so that a token's kind may depend on whose it is.
  let haveKindRules: Bool

  /// A table of these issuers; of two with one url, the first is found.
  package init(_ issuers: [Issuer]) {
    self.issuers = issuers
    haveKindRules = issuers.contains { $0.profile?.hasKindRules == true }
    var size = 2
    while size < 2 * issuers.count { size *= 2 }
    var slots = [Int32](repeating: -1, count: size)
    for (place, issuer) in issuers.enumerated() {
      var slot = Self.slot(StringHash.of(issuer.urlBytes.span), size)
      while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = Int32(clamping: place)
    }
    self.slots = slots
  }

  /// The place of the issuer whose url is the claims' `iss`; `nil` if there is none.
  func place(of claims: ClaimSet) -> Int? {
    guard let hash = claims.issuerHash else { return nil }
    var slot = Self.slot(hash, slots.count)
    while slots[slot] >= 0 {
      let place = Int(slots[slot])
      if claims.hasIssuer(issuers[place].urlBytes) { return place }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private static func slot(_ hash: UInt64, _ size: Int) -> Int { Int(truncatingIfNeeded: hash) & (size - 1) }

  package var startIndex: Int { 0 }
  package var endIndex: Int { issuers.count }
  package subscript(place: Int) -> Issuer { issuers[place] }
}
