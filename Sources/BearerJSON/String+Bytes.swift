// Swift compares strings by characters: two spellings of one character are equal, and to find that out they are brought
// into a normal form. Here strings are compared byte for byte (protocol.md, section 1), for two reasons. A program that
// compares bytes would disagree about the letter K and the Kelvin sign. And bringing a letter with thousands of
// combining marks into a normal form takes time by the square of their number, seconds for a line of 64 KiB. So strings
// from strangers are never hashed, compared with `==` or walked through by characters.

extension StringProtocol {
  /// Whether both are the same bytes of UTF-8, whatever characters they make.
  ///
  /// - Parameter other: The other string.
  /// - Returns: Whether they are; in time by the length of the shorter one.
  package func hasSameBytes(as other: some StringProtocol) -> Bool {
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }

  /// Whether both are the same but for one slash at the end of one of them, the commonest mistake about an issuer's name.
  package func differsBySlash(from other: some StringProtocol) -> Bool {
    let (count, others) = (utf8.count, other.utf8.count)
    guard abs(count - others) == 1 else { return false }
    return count < others ? (String(self) + "/").hasSameBytes(as: other) : hasSameBytes(as: String(other) + "/")
  }
}
