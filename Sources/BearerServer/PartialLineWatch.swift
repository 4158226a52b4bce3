internal import NIOCore

// The watch is looked at by a timer that is set only when it is not running yet. Setting and cancelling one for each
// line would cost more than the line.

/// Since when a line is unfinished.
struct PartialLineWatch {
  /// When it will have taken too long; nil while no line is unfinished.
  private(set) var deadline: NIODeadline?

  /// A line is unfinished; the time runs from the first call since ``stop()``.
  mutating func start(now: NIODeadline, timeout: TimeAmount) {
    if deadline == nil { deadline = now + timeout }
  }

  /// No line is unfinished, or the client cannot finish it because nothing is read from it.
  mutating func stop() {
    deadline = nil
  }
}
