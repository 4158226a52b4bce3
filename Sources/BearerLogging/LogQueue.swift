/// The messages that wait for the log thread, and what that thread is to do.
///
/// When there is no room, new messages are dropped and counted, so that the written ones stay in order and show how a
/// fault began.
struct LogQueue {
  /// What the thread is to do next.
  struct Batch: Equatable {
    /// Messages to be written, in this order; for each, ``LogQueue/written(_:)`` is called.
    var messages: [[UInt8]]
    /// How many were dropped since the last batch; to be reported after these messages.
    var dropped: Int
  }

  /// The most bytes that wait: several thousand messages, a second or two of refusals at `debug`.
  static let longest = 1_048_576
  /// Bytes that a message takes besides its own.
  static let overhead = 64

  private var messages: [[UInt8]] = []
  private var bytes = 0
  private var dropped = 0
  private var isWriting = false
  private var isBeatAwaited = false
  /// Whether the thread sleeps until it is woken.
  private(set) var isResting = true

  /// Takes a message, or counts it as dropped.
  ///
  /// - Returns: Whether the thread must be woken.
  mutating func append(_ message: [UInt8]) -> Bool {
    let cost = message.count + Self.overhead
    if cost <= Self.longest - bytes {
      bytes += cost
      messages.append(message)
    } else {
      dropped += 1
    }
    return wake()
  }

  /// What is to be written now; `nil` if the thread is to rest.
  mutating func next() -> Batch? {
    isBeatAwaited = false
    isWriting = !messages.isEmpty || dropped > 0
    isResting = !isWriting
    guard isWriting else { return nil }
    defer {
      messages = []
      dropped = 0
    }
    return Batch(messages: messages, dropped: dropped)
  }

  /// Frees the room of a message that is written now.
  mutating func written(_ message: [UInt8]) { bytes -= message.count + Self.overhead }

  /// Whether the thread has come to ``next()`` since the last check, or is writing.
  ///
  /// A slow write is the fault of the log's reader, not of the thread.
  ///
  /// - Returns: The answer, and whether the thread must be woken to be there for the next check.
  mutating func check() -> (isAlive: Bool, mustBeWoken: Bool) {
    let isAlive = isWriting || !isBeatAwaited
    isBeatAwaited = true
    return (isAlive, wake())
  }

  private mutating func wake() -> Bool {
    defer { isResting = false }
    return isResting
  }
}
