extension String {
  /// The text, or its beginning and an ellipsis if it is too long.
  ///
  /// - Parameter longest: The most bytes of UTF-8.
  /// - Returns: A text of at most that many bytes.
  package func cut(toBytes longest: Int) -> String {
    guard utf8.count > longest else { return self }
    var bytes = utf8.prefix(max(0, longest - "…".utf8.count))
    // Never in the middle of a character's bytes.
    while !bytes.isEmpty, utf8[bytes.endIndex] & 0xC0 == 0x80 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self) + "…"
  }
}
