/// Where and why bytes are not the JSON that is accepted here (RFC 8259, with the stricter view of RFC 7493).
package struct JSONError: Error, Equatable, Sendable {
  /// The kinds of fault.
  package enum Kind: Equatable, Sendable {
    /// A byte that cannot stand at its place.
    case unexpectedByte
    /// The text ends inside a value.
    case unexpectedEnd
    /// Something other than white space follows the value.
    case trailingBytes
    /// Bytes in a string that are not UTF-8 (RFC 3629), overlong forms and surrogates included.
    case invalidUTF8
    /// A `\u` escape of a surrogate without its other half.
    case loneSurrogate
    /// An escape that RFC 8259 section 7 does not have.
    case invalidEscape
    /// A raw control character in a string.
    case controlCharacter
    /// Arrays and objects nested deeper than the reader's bound.
    case tooDeep
    /// Two members of one object with the same name, compared after unescaping.
    case duplicateMember
    /// A text longer than the reader's offsets can hold (2 GiB).
    case tooLarge
  }

  /// What is wrong.
  package let kind: Kind
  /// Where the fault is, in bytes from the start of the text.
  package let offset: Int

  /// A fault of this kind at this place.
  package init(_ kind: Kind, at offset: Int) {
    self.kind = kind
    self.offset = offset
  }
}
