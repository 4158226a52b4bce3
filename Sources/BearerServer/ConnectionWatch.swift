import BearerFraming

// Setting a timer for each line would cost more than the line. Instead a connection notes since when it waits for its
// client, and the loop checks all waiting connections now and then.

/// Since when a connection waits for its client to do something, and whether that is too long.
struct ConnectionWatch {
  /// What a look found.
  enum Finding: Equatable {
    /// Nothing has taken too long.
    case fine
    /// A line that was begun was not ended in time.
    case lineTooSlow
    /// The client reads none of its replies, or does not close its side after a last answer.
    case stuck
  }

  private var lineBegan: MonotonicNanoseconds?
  private var sendingStalled: MonotonicNanoseconds?
  private var lingeringBegan: MonotonicNanoseconds?

  /// Whether nothing is waited for.
  var isIdle: Bool { lineBegan == nil && sendingStalled == nil && lingeringBegan == nil }

  /// A line is unfinished; the time runs from the first call since ``lineEnded()``.
  mutating func lineUnfinished(at now: MonotonicNanoseconds) {
    if lineBegan == nil { lineBegan = now }
  }

  /// No line is unfinished, or the client cannot finish it because nothing is read from it.
  mutating func lineEnded() {
    lineBegan = nil
  }

  /// Some of what is to be sent was not taken.
  ///
  /// - Parameters:
  ///   - now: The time.
  ///   - tookSome: Whether some of it was taken since the last call; then the time starts again.
  mutating func unsent(at now: MonotonicNanoseconds, tookSome: Bool) {
    if tookSome || sendingStalled == nil { sendingStalled = now }
  }

  /// All is sent.
  mutating func allSent() {
    sendingStalled = nil
  }

  /// The sending direction was ended, and the client's end is waited for.
  mutating func lingering(at now: MonotonicNanoseconds) {
    lingeringBegan = now
  }

  /// Whether anything has taken too long.
  func look(at now: MonotonicNanoseconds, _ limits: ServerLimits) -> Finding {
    if let sendingStalled, now - sendingStalled >= limits.writeTimeout.nanoseconds { return .stuck }
    if let lingeringBegan, now - lingeringBegan >= FixedLimits.linger.nanoseconds { return .stuck }
    if let lineBegan, now - lineBegan >= limits.partialLineTimeout.nanoseconds { return .lineTooSlow }
    return .fine
  }
}
