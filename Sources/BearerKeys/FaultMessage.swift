/// The text of a fault for people, in `status` and in the log.
package enum FaultMessage {
  /// What was found and what to do about it, as sentences.
  ///
  /// - Parameters:
  ///   - found: A sentence without its full stop.
  ///   - advice: Another, if there is something to do.
  /// - Returns: Both, with capital letters and full stops.
  package static func text(found: String, advice: String?) -> String {
    [found, advice].compactMap(\.self).map(sentence).joined(separator: " ")
  }

  /// A configuration key, URL or host that begins the sentence stays as it is written.
  private static func sentence(_ words: String) -> String {
    let isVerbatim = words.prefix { $0 != " " }.contains { $0 == "_" || $0 == ":" || $0 == "." }
    return (isVerbatim ? words.prefix(1) : words.prefix(1).uppercased()[...]) + words.dropFirst() + "."
  }
}
