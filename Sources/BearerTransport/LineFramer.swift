internal import Glibc
package import NIOCore

// Where one line ends and the next begins, for both ends of a connection.
//
// A reader of lines is the first thing that a stranger's bytes meet, and the usual one fails in two ways: it keeps a line
// of any length in memory until its end comes, and it looks for that end from the line's beginning each time that more
// bytes arrive, which costs the square of the length when they arrive one by one. Here a line over the limit is never
// kept: from the moment it is known to be too long, its bytes are only counted. And no byte is looked at twice:
// `scanned` remembers how far the search for LF came.
//
// The framer gives ranges into its own buffer, not slices or copies: the caller reads a line in place before it asks for
// the next.

/// Splits a stream of bytes into lines that end with LF (section "Framing" of `protocol.md`).
///
/// A CR before the LF does not belong to the line. Empty lines, and what follows the last LF, are never reported.
package struct LineFramer {
  /// What the framer found next.
  package enum Step: Equatable, Sendable {
    /// A line, without LF and CR, as offsets into ``LineFramer/bytes``'s readable bytes; valid until the next mutating call.
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

  /// What has arrived and was not consumed; a ``Step/line(_:)``'s range refers to its readable bytes.
  package private(set) var bytes = ByteBuffer()

  private let maximumLineBytes: Int
  /// The line that was reported last, with its end: consumed on the next call, so that the caller can read it in place.
  private var reported = 0
  /// How many unconsumed bytes are known to hold no LF.
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
  package var isInsideLine: Bool { discarded != nil || bytes.readableBytes > reported }

  /// Takes bytes from the stream.
  package mutating func append(_ more: ByteBuffer) {
    guard !hasEnded else { return }
    consumeReported()
    if bytes.readableBytes == 0 {
      bytes = more
      return
    }
    // Moved to the front first: otherwise the storage grows by what was consumed long ago.
    bytes.discardReadBytes()
    bytes.writeImmutableBuffer(more)
  }

  /// Finds the next line.
  package mutating func next() -> Step {
    consumeReported()
    while !hasEnded {
      let available = bytes.readableBytes
      guard let lineFeed = offsetOfLineFeed(from: scanned) else {
        scanned = available
        return endOfInput()
      }
      scanned = 0
      if let count = discarded {
        discarded = nil
        bytes.moveReaderIndex(forwardBy: lineFeed + 1)
        return verdict(onDiscarded: count + lineFeed)
      }
      var length = lineFeed
      if length > 0, byte(at: length - 1) == UInt8(ascii: "\r") { length -= 1 }
      if length > maximumLineBytes {
        bytes.moveReaderIndex(forwardBy: lineFeed + 1)
        return verdict(onDiscarded: lineFeed)
      }
      if length == 0 {
        bytes.moveReaderIndex(forwardBy: lineFeed + 1)
        continue
      }
      reported = lineFeed + 1
      return .line(0..<length)
    }
    return .needsMore
  }

  /// Forgets what was received and what may come: nothing is reported any more.
  package mutating func end() {
    hasEnded = true
    bytes = ByteBuffer()
    (reported, scanned, discarded) = (0, 0, nil)
  }

  /// The input has no LF: keeps it, or begins or goes on discarding.
  private mutating func endOfInput() -> Step {
    let available = bytes.readableBytes
    // One more than the limit may still be a line at the limit, with its CR.
    if discarded == nil, available <= maximumLineBytes + 1 {
      if available == 0 { (bytes, scanned) = (ByteBuffer(), 0) }
      return .needsMore
    }
    let count = (discarded ?? 0) + available
    (bytes, scanned) = (ByteBuffer(), 0)
    guard count <= Self.farTooLongBytes else {
      end()
      return .farTooLong
    }
    discarded = count
    return .needsMore
  }

  private mutating func verdict(onDiscarded count: Int) -> Step {
    guard count > Self.farTooLongBytes else { return .tooLong }
    end()
    return .farTooLong
  }

  private mutating func consumeReported() {
    guard reported > 0 else { return }
    bytes.moveReaderIndex(forwardBy: reported)
    reported = 0
  }

  private func byte(at offset: Int) -> UInt8? {
    bytes.getInteger(at: bytes.readerIndex + offset)
  }

  private func offsetOfLineFeed(from offset: Int) -> Int? {
    bytes.withUnsafeReadableBytes { all in
      // Safe because offset never exceeds the readable bytes, and memchr is given exactly the rest of them.
      guard let base = all.baseAddress, offset < all.count,
        let found = memchr(base + offset, 0x0A, all.count - offset)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
  }
}
