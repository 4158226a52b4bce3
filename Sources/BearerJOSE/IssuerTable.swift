import BearerClaims
import BearerJSON

/// All issuers by their index, found by the bytes of `iss` at a cost that does not grow with their number.
///
/// A hash of `iss` gives the first slot to look in; the search ends at a free slot. The hash needs no secret, because
/// only the operator's names are in the table and an attacker cannot add one.
///
/// A class, so that it is handed to each verdict at the cost of one reference.
package final class IssuerTable: RandomAccessCollection, Sendable {
  private let issuers: [Issuer]
  /// All names of all issuers, each with its issuer's index.
  let names: [(name: IssuerName, issuerIndex: Int)]
  /// The index into ``names`` in each slot, or -1; a power of two of slots, at least twice as many as names.
  private let slots: [Int32]
  /// Whether any issuer has rules for kinds of tokens, so that a token's kind may depend on its issuer.
  let haveKindRules: Bool

  /// A table of these issuers; of two with one url, the first is found.
  package init(_ issuers: [Issuer]) {
    self.issuers = issuers
    haveKindRules = issuers.contains { $0.profile?.hasKindRules == true }
    let names = issuers.enumerated().flatMap { index, issuer in issuer.names.map { ($0, index) } }
    self.names = names
    var size = 2
    while size < 2 * names.count { size *= 2 }
    var slots = [Int32](repeating: -1, count: size)
    for (index, entry) in names.enumerated() {
      var slot = Self.slot(StringHash.of(entry.0.bytes.span), size)
      while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = Int32(clamping: index)
    }
    self.slots = slots
  }

  /// The index of the issuer that has the claims' `iss` for a name; `nil` if there is none.
  func issuerIndex(of claims: ClaimSet) -> Int? { find(claims).map { names[$0].issuerIndex } }

  /// Which of ``names`` the claims' `iss` is.
  func find(_ claims: ClaimSet) -> Int? {
    guard let hash = claims.issuerHash else { return nil }
    var slot = Self.slot(hash, slots.count)
    while slots[slot] >= 0 {
      let index = Int(slots[slot])
      if claims.hasIssuer(names[index].name.bytes) { return index }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private static func slot(_ hash: UInt64, _ size: Int) -> Int { Int(truncatingIfNeeded: hash) & (size - 1) }

  package var startIndex: Int { 0 }
  package var endIndex: Int { issuers.count }
  package subscript(index: Int) -> Issuer { issuers[index] }
}
