/// A reply that has to wait for something.
///
/// It belongs to one connection and is used on that connection's event loop only; what it waits for may happen on any
/// thread and reaches it by the wake-up.
package protocol DeferredReply: AnyObject {
  /// Whether it counts among the requests in flight (`limits.in_flight`); false if something else bounds it.
  var countsInFlight: Bool { get }

  /// Whether nothing more is read from the connection while it waits, because there is no room for another wait.
  ///
  /// Asked after ``start(_:)``, and after each ``resume(into:)`` that waits on.
  var holdsBackReading: Bool { get }

  /// Starts the work; called once, before the next line is handled.
  ///
  /// What takes time must not be done in the call itself: it would hold up the whole event loop.
  ///
  /// - Parameter wakeUp: Has ``resume(into:)`` called, in one of the connection's next turns. It may be called from any
  ///   thread, any number of times, and at any time, also after the end of the connection or of the loop.
  func start(_ wakeUp: @escaping @Sendable () -> Void)

  /// Looks whether what was waited for is there; called after each wake-up, until it returns true.
  ///
  /// - Parameter reply: Where to append the reply line, LF included.
  /// - Returns: Whether the reply was appended; false waits on.
  func resume(into reply: inout [UInt8]) -> Bool

  /// Appends the reply at once, as `shutting_down` if it is not known: the daemon stops. Nothing is called afterwards.
  func shutDown(into reply: inout [UInt8])

  /// Nobody waits any more: the connection is gone. Nothing is called afterwards.
  func cancel()
}

extension DeferredReply {
  /// By default it counts.
  package var countsInFlight: Bool { true }

  /// By default reading goes on.
  package var holdsBackReading: Bool { false }
}
