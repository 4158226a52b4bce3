/// Why a text is not an address that may be used; words that follow "the URL" or "the address".
package struct AddressFault: Error, Equatable, Sendable {
  /// For people; holds nothing of the text.
  package var reason: String

  /// A fault for this reason.
  package init(reason: String) {
    self.reason = reason
  }
}
