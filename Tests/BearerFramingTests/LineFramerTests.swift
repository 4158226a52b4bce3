import BearerFraming
import Testing

@Suite("The line framer")
struct LineFramerTests {
  /// What a framer says to chunks, lines as text.
  private func frame(_ chunks: [[UInt8]], limit: Int = 8) -> [String] {
    var framer = LineFramer(maximumLineBytes: limit)
    var said: [String] = []
    for chunk in chunks {
      framer.append(chunk)
      reading: while true {
        switch framer.next() {
        case .line(let range):
          said.append(String(decoding: framer.bytes[range], as: UTF8.self))
        case .tooLong: said.append("<too long>")
        case .farTooLong: said.append("<far too long>")
        case .needsMore: break reading
        }
      }
    }
    return said
  }

  @Test(
    "splits at LF, drops one CR, empty lines and the rest",
    arguments: [
      ("a\nb\n", ["a", "b"]), ("a\r\nb\r\r\n", ["a", "b\r"]), ("\n\r\n\na\n", ["a"]), ("a\rb\n", ["a\rb"]),
      ("rest", []), ("", []), ("\r", []), ("12345678\n12345678\r\n", ["12345678", "12345678"]),
      ("123456789\nb\n", ["<too long>", "b"]), ("12345678\r\r\nb\n", ["<too long>", "b"]),
      ("123456789abcdefghijklmnop\nb\n", ["<too long>", "b"]),
    ])
  func lines(input: String, expected: [String]) {
    let bytes = Array(input.utf8)
    #expect(frame([bytes]) == expected)
    #expect(frame(bytes.map { [$0] }) == expected)
    for cut in bytes.indices { #expect(frame([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected) }
  }

  @Test("passes over a long line up to 1 MiB, and then reports nothing more")
  func farTooLong() {
    let mebibyte = [UInt8](repeating: 0x78, count: 1 << 20)
    #expect(frame([mebibyte, Array("\nb\n".utf8)]) == ["<too long>", "b"])
    #expect(frame([mebibyte + Array("\nb\n".utf8)]) == ["<too long>", "b"])
    #expect(frame([mebibyte, Array("x".utf8), Array("\nb\n".utf8)]) == ["<far too long>"])
    #expect(frame([mebibyte, Array("x\nb\n".utf8)]) == ["<far too long>"])
    #expect(frame([mebibyte + Array("x\nb\n".utf8)]) == ["<far too long>"])
  }

  @Test("keeps no byte of a line that is too long")
  func boundedMemory() {
    var framer = LineFramer(maximumLineBytes: 100)
    for _ in 0..<1000 {
      framer.append([UInt8](repeating: 0x78, count: 64))
      #expect(framer.next() == .needsMore)
      #expect(framer.unconsumed <= 101)
      #expect(framer.bytes.count <= 1024)
      #expect(framer.isInsideLine)
    }
  }

  @Test("does not grow with what was consumed")
  func consumedSpace() {
    var framer = LineFramer(maximumLineBytes: 100)
    for _ in 0..<10_000 {
      // Every chunk ends inside a line, so that the buffer is never empty between them.
      framer.append(Array("34567\n12".utf8))
      guard case .line = framer.next() else { return #expect(Bool(false)) }
      #expect(framer.next() == .needsMore)
    }
    #expect(framer.bytes.count <= 1024)
  }

  @Test("knows whether a line was begun")
  func insideLine() {
    var framer = LineFramer(maximumLineBytes: 100)
    #expect(framer.next() == .needsMore)
    #expect(!framer.isInsideLine)
    framer.append(Array("a\nb".utf8))
    #expect(framer.next() == .line(0..<1))
    #expect(framer.next() == .needsMore)
    #expect(framer.isInsideLine)
    framer.append(Array("\n".utf8))
    guard case .line(let range) = framer.next() else { return #expect(Bool(false)) }
    #expect(framer.bytes[range] == [UInt8(ascii: "b")])
    #expect(framer.next() == .needsMore)
    #expect(!framer.isInsideLine)
  }

  @Test("a lent buffer takes over what was unfinished, and leaves only that behind")
  func lentBuffer() {
    var framer = LineFramer(maximumLineBytes: 100)
    var buffer = [UInt8](repeating: 0, count: 4096)
    framer.append(Array("on".utf8))
    #expect(framer.next() == .needsMore)
    framer.borrow(&buffer)
    #expect(buffer.isEmpty)
    framer.fill(atLeast: 2) { space in
      space.copyBytes(from: "e\ntwo\nth".utf8)
      return 8
    }
    var lines: [String] = []
    while case .line(let range) = framer.next() { lines.append(String(decoding: framer.bytes[range], as: UTF8.self)) }
    #expect(lines == ["one", "two"])
    framer.giveBack(&buffer)
    #expect(buffer.count == 4096)
    #expect(framer.bytes == Array("th".utf8))
    framer.append(Array("ree\n".utf8))
    guard case .line(let range) = framer.next() else { return #expect(Bool(false)) }
    #expect(framer.bytes[range] == Array("three".utf8)[...])
  }
}

extension LineFramer {
  fileprivate mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append($0) }
  }
}
