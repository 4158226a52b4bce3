/// A JSON number in its source text: 1, 1.0 and 1e0 stay what they were.
package struct JSONNumber: Hashable, Sendable {
  /// The text, in the grammar of RFC 8259 section 6.
  package let text: String

  /// A number written as an integer.
  package init(_ integer: Int64) {
    text = String(integer)
  }

  /// A number from text that a reader found to be one.
  init(source: String) {
    text = source
  }

  /// The value if the text is an integer that fits; `nil` for fractions and exponents, even of whole value.
  package var integer: Int64? { Int64(text) }
}
