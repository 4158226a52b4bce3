package import BearerKeys

/// A failed fetch with what was found and what to mend kept apart, for `bearerd check`.
package struct FetchFailure: Error, Equatable, Sendable {
  /// The stable code.
  package var code: FetchFault.Code
  /// What was found; one sentence without its full stop, without any credential.
  package var found: String
  /// What to do about it; one sentence without its full stop.
  package var mend: String

  /// A failure of this kind.
  package init(_ code: FetchFault.Code, found: String, mend: String) {
    self.code = code
    self.found = found
    self.mend = mend
  }

  /// The failure as the key cache and `status` show it.
  package var fault: FetchFault {
    FetchFault(
      code, "\(found.prefix(1).uppercased())\(found.dropFirst()). \(mend.prefix(1).uppercased())\(mend.dropFirst()).")
  }
}
