import Logging

/// The fields of a message: names and values, escaped and cut so that they can be shown.
///
/// Values may come from a provider or a client, so control characters are escaped and long values cut: no value can
/// break a log line in two.
struct LogFields: Sendable {
  /// One field.
  struct Field: Sendable {
    /// The metadata's key, such as `bearerd.issuer`.
    var name: String
    /// The metadata's value, as it was given.
    var value: Logger.MetadataValue

    /// The value as one line of at most ``LogFields/longestValue`` bytes and an ellipsis.
    var text: String { LogFields.harmless(LogFields.plain(value)) }
  }

  /// The longest value that is shown whole, in bytes of UTF-8: enough for a url and a sentence, too few to flood a log.
  static let longestValue = 512

  /// The fields, ordered by name.
  let fields: [Field]

  /// The fields of a message: its logger's, those of the logger's provider and its own; of one name, the last counts.
  ///
  /// - Parameters:
  ///   - metadata: The logger's.
  ///   - provider: The logger's provider, if any.
  ///   - event: The message.
  init(_ metadata: Logger.Metadata, _ provider: Logger.MetadataProvider?, _ event: LogEvent) {
    var all = metadata
    if let provider { all.merge(provider.get()) { _, new in new } }
    if let own = event.metadata { all.merge(own) { _, new in new } }
    if let error = event.error { all["bearerd.error"] = "\(error)" }
    fields = all.sorted { $0.key < $1.key }.map { Field(name: $0.key, value: $0.value) }
  }

  /// All fields as `issuer=authgear keys=2`, names without `bearerd.`; values with spaces in quotation marks.
  var words: String {
    fields.map { field in
      let name = field.name.hasPrefix("bearerd.") ? String(field.name.dropFirst(8)) : Self.harmless(field.name)
      let text = field.text
      let isPlain = !text.isEmpty && !text.contains { $0 == " " || $0 == "\"" || $0 == "=" }
      return isPlain ? "\(name)=\(text)" : "\(name)=\"\(text.replacing("\"", with: "\\\""))\""
    }.joined(separator: " ")
  }

  /// A message's text and fields as one readable line.
  func sentence(_ text: Logger.Message) -> String {
    let text = Self.harmless("\(text)")
    return fields.isEmpty ? text : "\(text): \(words)"
  }

  // MARK: Values

  private static func plain(_ value: Logger.MetadataValue) -> String {
    switch value {
    case .string(let text): text
    case .stringConvertible(let value): value.description
    case .array(let values): values.map(plain).joined(separator: ", ")
    case .dictionary(let members):
      members.sorted { $0.key < $1.key }.map { "\($0.key)=\(plain($0.value))" }.joined(separator: ", ")
    }
  }

  /// A text with everything escaped that could begin a line, move a cursor or reverse text, cut to ``longestValue``.
  static func harmless(_ text: String) -> String {
    if text.utf8.count <= longestValue, text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      let shown =
        switch scalar {
        case "\n": "\\n"
        case "\t": "\\t"
        default: scalar.isHarmful ? scalar.escaped : String(scalar)
        }
      guard result.utf8.count + shown.utf8.count <= longestValue else { return result + "…" }
      result += shown
    }
    return result
  }
}
