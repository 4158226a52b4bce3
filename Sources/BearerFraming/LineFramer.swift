internal import Glibc

// Where one line ends and the next begins, for both ends of a connection.
//
// A reader of lines is the first thing that a stranger's bytes meet, and the usual one fails in two ways: it keeps a line
// of any length in memory until its end comes, and it looks for that end from the line's beginning each time that more
// bytes arrive, which costs the square of the length when they arrive one by one. Here a line over the limit is never
// kept: from the moment it is known to be too long, its bytes are only counted. And no byte is looked at twice:
// `scanned` remembers how far the search for LF came.
//
// The framer gives ranges into its own buffer, not slices or copies: the caller reads a line in place before it asks for
// more bytes. A buffer that is large enough for many lines at once is needed only while bytes are being read, so whoever
// serves many connections lends one of his own for that time (`borrow`, `giveBack`); between reads a connection keeps
// only its unfinished line.

/// Splits a stream of bytes into lines that end with LF (`protocol.md`, section 2).
///
/// A CR before the LF does not belong to the line. Empty lines, and what follows the last LF, are never reported.
package struct LineFramer {
  /// What the framer found next.
  package enum Step: Equatable, Sendable {
    /// A line, without LF and CR, as offsets into ``LineFramer/bytes``; valid until bytes are added or the buffer is
    /// given back.
    case line(Range<Int>)
    /// A line over the limit has ended; nothing of it was kept.
    case tooLong
    /// A line has passed ``LineFramer/farTooLongBytes``; reported once, and the framer then reports nothing more.
    case farTooLong
    /// No further line has ended so far.
    case needsMore
  }

  /// How much of a line over the limit is passed over before its sender is given up, in bytes.
  ///
  /// It bounds what a sender who ignores the limit can make the reader do; a line so long was no accident.
  package static let farTooLongBytes = 1 << 20

  /// The buffer that a ``Step/line(_:)``'s range refers to.
  ///
  /// What stands outside of such a range means nothing.
  package private(set) var bytes: [UInt8] = []

  private let maximumLineBytes: Int
  /// The bytes that have arrived and were not consumed: from `start` up to `end`.
  private var start = 0
  private var end = 0
  /// How many of them are known to hold no LF.
  private var scanned = 0
  /// The bytes of the line that is being discarded, so far; nil while none is.
  private var discarded: Int?
  private var hasEnded = false

  /// A framer at the beginning of a stream.
  ///
  /// - Parameter maximumLineBytes: The most bytes that a line may have, without its LF and a CR before it.
  package init(maximumLineBytes: Int) {
    precondition(maximumLineBytes > 0)
    self.maximumLineBytes = maximumLineBytes
  }

  /// Whether a line was begun whose end has not arrived; right after ``next()`` returned ``Step/needsMore``.
  package var isInsideLine: Bool { discarded != nil || end > start }

  /// How many bytes have arrived and were not consumed.
  package var unconsumed: Int { end - start }

  /// The first bytes that were not consumed, at most `count`.
  package func beginning(_ count: Int) -> ArraySlice<UInt8> { bytes[start..<min(end, start + count)] }

  // MARK: Adding bytes

  /// Takes bytes from the stream.
  package mutating func append(_ more: UnsafeRawBufferPointer) {
    guard !more.isEmpty else { return }
    fill(atLeast: more.count) { space in
      space.copyMemory(from: more)
      return more.count
    }
  }

  /// Lets bytes of the stream be written straight into the buffer.
  ///
  /// - Parameters:
  ///   - minimum: How much space there must be at the least, in bytes.
  ///   - body: Writes into the space it is given, and returns how many bytes that were; 0 or less is none.
  package mutating func fill(atLeast minimum: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    guard !hasEnded else { return }
    makeRoom(minimum)
    let written = bytes.withUnsafeMutableBytes { all in
      // Safe because `end` never exceeds the buffer.
      body(UnsafeMutableRawBufferPointer(rebasing: all[end...]))
    }
    end += max(0, written)
  }

  /// Moves what is there to the front before the buffer grows, or it would grow by what was consumed long ago.
  private mutating func makeRoom(_ minimum: Int) {
    if start == end { (start, end) = (0, 0) }
    if bytes.count - end >= minimum { return }
    if start > 0 {
      bytes.withUnsafeMutableBytes { all in
        // Safe because both ranges are inside the buffer; memmove allows them to overlap.
        if let base = all.baseAddress { memmove(base, base + start, end - start) }
      }
      (start, end) = (0, end - start)
    }
    if bytes.count - end < minimum {
      bytes += [UInt8](repeating: 0, count: max(end + minimum - bytes.count, bytes.count))
    }
  }

  // MARK: A buffer that is lent

  /// Uses a buffer of the caller's, larger than the framer's own, until ``giveBack(_:)``.
  ///
  /// - Parameter buffer: The buffer; it is empty afterwards if the framer took it.
  package mutating func borrow(_ buffer: inout [UInt8]) {
    let kept = end - start
    guard !hasEnded, buffer.count > 2 * kept, buffer.count > bytes.count else { return }
    if kept > 0 {
      buffer.withUnsafeMutableBytes { space in
        bytes.withUnsafeBytes { all in
          // Safe because the kept bytes are inside the framer's buffer, and fewer than the other one holds.
          space.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[start..<end]))
        }
      }
    }
    bytes = []
    swap(&bytes, &buffer)
    (start, end) = (0, kept)
  }

  /// Gives a buffer back that was borrowed, and keeps the unconsumed bytes in one of just their size.
  ///
  /// - Parameter buffer: Where the caller's buffer was; must be empty if it was taken.
  package mutating func giveBack(_ buffer: inout [UInt8]) {
    guard buffer.isEmpty else { return }
    let kept = start == end ? [] : Array(bytes[start..<end])
    swap(&bytes, &buffer)
    bytes = kept
    (start, end) = (0, kept.count)
  }

  // MARK: Lines

  /// Finds the next line.
  package mutating func next() -> Step {
    while !hasEnded {
      guard let lineFeed = lineFeed(from: start + scanned) else {
        scanned = end - start
        return endOfInput()
      }
      scanned = 0
      let line = start..<lineFeed
      start = lineFeed + 1
      if let count = discarded {
        discarded = nil
        return verdict(onDiscarded: count + line.count)
      }
      var length = line.count
      if length > 0, bytes[lineFeed - 1] == UInt8(ascii: "\r") { length -= 1 }
      if length > maximumLineBytes { return verdict(onDiscarded: line.count) }
      if length > 0 { return .line(line.lowerBound..<line.lowerBound + length) }
    }
    return .needsMore
  }

  /// Forgets what was received and what may come: nothing is reported any more.
  package mutating func stop() {
    hasEnded = true
    bytes = []
    (start, end, scanned, discarded) = (0, 0, 0, nil)
  }

  /// The input has no LF: keeps it, or begins or goes on discarding.
  private mutating func endOfInput() -> Step {
    let available = end - start
    // One more than the limit may still be a line at the limit, with its CR.
    if discarded == nil, available <= maximumLineBytes + 1 { return .needsMore }
    let count = (discarded ?? 0) + available
    (start, end, scanned) = (0, 0, 0)
    guard count <= Self.farTooLongBytes else {
      stop()
      return .farTooLong
    }
    discarded = count
    return .needsMore
  }

  private mutating func verdict(onDiscarded count: Int) -> Step {
    guard count > Self.farTooLongBytes else { return .tooLong }
    stop()
    return .farTooLong
  }

  private func lineFeed(from offset: Int) -> Int? {
    bytes.withUnsafeBytes { all in
      // Safe because offset and end never exceed the buffer, and memchr is given exactly what is between them.
      guard let base = all.baseAddress, offset < end, let found = memchr(base + offset, 0x0A, end - offset) else {
        return nil
      }
      return UnsafeRawPointer(found) - base
    }
  }
}
