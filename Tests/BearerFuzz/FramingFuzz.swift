import BearerFraming

/// Any bytes in any pieces: the same lines whatever the pieces, and those that splitting at LF gives.
///
/// An input is the limit, two bytes that decide the pieces, and the stream. Under the highest limits 0xFE stands in it for a
/// stretch long enough to be far too long when there are a few of them.
struct FramingFuzz: FuzzTarget {
  private enum Event: Equatable {
    case line([UInt8])
    case tooLong
    case farTooLong
  }

  static func seeds() throws -> [[UInt8]] {
    [Array("\u{8}abone\ntwo\r\n\n\r\nnine bytes\nrest".utf8), [0xFF, 0, 0, 0xFE, 0xFE, 0xFE, 0xFE, 0x0A, 0x78, 0x0A]]
  }

  init() {}

  mutating func feed(_ input: [UInt8]) {
    guard input.count > 3 else { return }
    let limit = Int(input[0]) + 1
    var stretches = 0
    let stream = input[3...].flatMap { byte -> [UInt8] in
      if byte != 0xFE || input[0] < 0xF0 || stretches == 4 { return [byte] }
      stretches += 1
      return [UInt8](repeating: 0x78, count: 300_000)
    }
    let expected = Self.split(stream, limit: limit)
    require(events(of: [stream[...]], limit: limit) == expected, "the stream in one piece")
    var state = UInt32(input[1]) << 8 | UInt32(input[2]) | 0x10000
    var pieces: [ArraySlice<UInt8>] = []
    var rest = stream[...]
    while !rest.isEmpty {
      state = state &* 1_664_525 &+ 1_013_904_223
      let length = max(Int(state >> 16) % 9, rest.count > 10_000 ? rest.count / 7 : 1)
      pieces.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    require(events(of: pieces, limit: limit) == expected, "the stream in pieces")
  }

  private func events(of pieces: [ArraySlice<UInt8>], limit: Int) -> [Event] {
    var framer = LineFramer(maximumLineBytes: limit)
    var events: [Event] = []
    for piece in pieces {
      piece.withUnsafeBytes { framer.append($0) }
      reading: while true {
        switch framer.next() {
        case .line(let range):
          events.append(.line(Array(framer.bytes[range])))
        case .tooLong: events.append(.tooLong)
        case .farTooLong: events.append(.farTooLong)
        case .needsMore: break reading
        }
      }
    }
    return events
  }

  /// What sections 2.1, 2.3, 2.6 and 2.7 of `protocol.md` say.
  private static func split(_ stream: [UInt8], limit: Int) -> [Event] {
    var events: [Event] = []
    let parts = stream.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (number, part) in parts.enumerated() {
      if part.count > LineFramer.farTooLongBytes { return events + [.farTooLong] }
      if number == parts.count - 1 { break }
      let line = part.last == 0x0D ? part.dropLast() : part
      if line.count > limit {
        events.append(.tooLong)
      } else if !line.isEmpty {
        events.append(.line(Array(line)))
      }
    }
    return events
  }
}
