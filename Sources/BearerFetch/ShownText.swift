/// A provider's text made fit for a message: short, one line, printable ASCII.
enum ShownText {
  /// The text between quotation marks, cut at 200 bytes; unprintable bytes and quotation marks become question marks.
  static func quoted(_ text: String) -> String {
    let bytes = text.utf8.prefix(200).map { (0x20...0x7E).contains($0) && $0 != 0x22 ? $0 : UInt8(ascii: "?") }
    return "\"" + String(decoding: bytes, as: UTF8.self) + (text.utf8.count > 200 ? "…\"" : "\"")
  }
}

extension String {
  /// The text without blanks, tabs and line ends at its ends.
  var trimmingBlanks: String {
    let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    let rest = utf8.drop(while: isBlank)
    return String(Substring(rest.prefix(rest.count - rest.reversed().prefix(while: isBlank).count)))
  }
}
