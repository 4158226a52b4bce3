/// The names that a provider gave its keys, in replies.
enum ProviderText {
  /// A text, cut so that a reply about a thousand keys stays readable.
  static func shortened(_ text: String) -> String {
    text.utf8.count <= 128 ? text : String(text.unicodeScalars.prefix(40)) + "…"
  }
}
