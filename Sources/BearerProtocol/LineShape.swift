/// A request line divided into its `id` and the rest, without reading it.
///
/// A client that asks about the same token again sends the same line with another `id`. The `id` is found by its bytes
/// alone where most clients write it, as the object's first member or its last. Two lines of one shape with the same rest
/// are both requests or both none, and then they ask the same. For the `id` that is passed over is so plain that it can
/// stand for any other: digits, or a string of ASCII without escapes. That it is a member of the object and not part of a
/// string follows from the line being JSON: the quote before `id` would end such a string, and what follows be no JSON.
package struct LineShape: Equatable, Sendable {
  /// Where the `id` is.
  package enum IDPosition: Equatable, Sendable {
    /// Nowhere, or where it is not looked for; then it is part of the rest.
    case unknown
    /// `{"id":1,…`
    case first
    /// `…,"id":1}`
    case last
  }

  /// Where the `id` is.
  package let idPosition: IDPosition
  /// The bytes of the `id` as a reply repeats them; empty if it is not known where they are.
  package let id: Range<Int>
  /// All that the answer depends on.
  package let rest: Range<Int>

  /// Divides a line.
  package init(_ line: Span<UInt8>) {
    if let id = Self.idAtBeginning(line) {
      (idPosition, self.id, rest) = (.first, id, id.upperBound..<line.count)
    } else if let (id, end) = Self.idAtEnd(line) {
      (idPosition, self.id, rest) = (.last, id, 0..<end)
    } else {
      (idPosition, id, rest) = (.unknown, 0..<0, 0..<line.count)
    }
  }

  // MARK: At the beginning

  private static func idAtBeginning(_ line: Span<UInt8>) -> Range<Int>? {
    // {"id":
    guard line.count > 8, line[0] == 0x7B, line[1] == 0x22, line[2] == 0x69, line[3] == 0x64, line[4] == 0x22,
      line[5] == 0x3A
    else { return nil }
    let start = line[6] == 0x20 ? 7 : 6
    var end = start
    if line[start] == 0x22 {
      end += 1
      while end < line.count, isPlain(line[end]) { end += 1 }
      guard end < line.count, line[end] == 0x22, end - start <= ProtocolLimits.idBytes else { return nil }
      end += 1
    } else {
      while end < line.count, isDigit(line[end]) { end += 1 }
      guard isPlainNumber(line, start..<end) else { return nil }
    }
    // Another member, which the rest begins with.
    return end < line.count && line[end] == 0x2C ? start..<end : nil
  }

  // MARK: At the end

  private static func idAtEnd(_ line: Span<UInt8>) -> (id: Range<Int>, restEnd: Int)? {
    guard line.count > 8, line[line.count - 1] == 0x7D else { return nil }
    let end = line.count - 1
    var start = end
    if line[end - 1] == 0x22 {
      start -= 1
      while start > 0, isPlain(line[start - 1]) { start -= 1 }
      guard start > 0, line[start - 1] == 0x22, end - 1 - start <= ProtocolLimits.idBytes else { return nil }
      start -= 1
    } else {
      while start > 0, isDigit(line[start - 1]) { start -= 1 }
      guard isPlainNumber(line, start..<end) else { return nil }
    }
    // ,"id":
    var at = start
    if at > 0, line[at - 1] == 0x20 { at -= 1 }
    guard at > 6, line[at - 1] == 0x3A, line[at - 2] == 0x22, line[at - 3] == 0x64, line[at - 4] == 0x69,
      line[at - 5] == 0x22
    else { return nil }
    at -= 5
    if line[at - 1] == 0x20 { at -= 1 }
    return at > 0 && line[at - 1] == 0x2C ? (start..<end, at - 1) : nil
  }

  // MARK: Bytes

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  /// Whether a byte stands for itself in a JSON string, and is ASCII.
  private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C }

  /// Whether digits are a number as JSON writes it, of at most 15 digits, so that it is one that may be an `id`.
  private static func isPlainNumber(_ line: Span<UInt8>, _ digits: Range<Int>) -> Bool {
    (1...15).contains(digits.count) && (digits.count == 1 || line[digits.lowerBound] != 0x30)
  }
}
