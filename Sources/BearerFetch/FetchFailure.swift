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
  package var fault: FetchFault { FetchFault(code, "\(sentence(found)) \(sentence(mend))") }

  /// A capital letter and a full stop; a configuration key, URL or host that begins the sentence stays as it is written.
  private func sentence(_ words: String) -> String {
    let isVerbatim = words.prefix { $0 != " " }.contains { $0 == "_" || $0 == ":" || $0 == "." }
    return (isVerbatim ? words.prefix(1) : words.prefix(1).uppercased()[...]) + words.dropFirst() + "."
  }
}
