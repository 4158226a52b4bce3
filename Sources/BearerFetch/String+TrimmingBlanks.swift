extension String {
  /// The text without blanks, tabs and line ends at its ends.
  var trimmingBlanks: String {
    let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    let rest = utf8.drop(while: isBlank)
    return String(Substring(rest.prefix(rest.count - rest.reversed().prefix(while: isBlank).count)))
  }
}
