/// A provider's text made fit for a message: short, one line, printable ASCII.
enum ShownText {
  /// The text between quotation marks, cut at 200 bytes; unprintable bytes and quotation marks become question marks.
  static func quoted(_ text: String) -> String {
    let bytes = text.utf8.prefix(200).map { (0x20...0x7E).contains($0) && $0 != 0x22 ? $0 : UInt8(ascii: "?") }
    return "\"" + String(decoding: bytes, as: UTF8.self) + (text.utf8.count > 200 ? "…\"" : "\"")
  }
}
