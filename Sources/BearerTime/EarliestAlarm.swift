import Synchronization

/// One alarm for the earliest of many deadlines, however many wait.
///
/// An alarm that goes off too early does no harm, so it is set anew only for an earlier deadline, or taken back when
/// there is none left.
package final class EarliestAlarm: Sendable {
  private struct State: Sendable {
    var armedFor: MonotonicTime?
    var handle: ScheduledAlarm?
    /// Changes with each setting, so that one which goes off late is known as such.
    var number: UInt64 = 0
  }

  private let clock: any AlarmClock
  private let state = Mutex(State())

  /// An alarm that is not set.
  package init(clock: any AlarmClock) {
    self.clock = clock
  }

  /// Sets the alarm for the earliest deadline as it is now; to be called after each change of the deadlines.
  ///
  /// - Parameters:
  ///   - earliest: The earliest deadline, asked under a lock so that the last call knows the last change.
  ///   - action: What is to be done at the deadline; it calls this method again.
  package func follow(_ earliest: () -> MonotonicTime?, _ action: @escaping @Sendable () -> Void) {
    let (old, new) = state.withLock { state -> (ScheduledAlarm?, (deadline: MonotonicTime, number: UInt64)?) in
      let next = earliest()
      if next == nil, state.armedFor == nil { return (nil, nil) }
      if let next, let armedFor = state.armedFor, armedFor <= next { return (nil, nil) }
      let old = state.handle
      state.number += 1
      state.armedFor = next
      state.handle = nil
      return (old, next.map { ($0, state.number) })
    }
    old?.cancel()
    guard let new else { return }
    // Outside of the lock: a clock whose time has come calls back at once.
    let handle = clock.schedule(at: new.deadline) { [weak self] in
      if self?.hasGoneOff(new.number) == true { action() }
    }
    let isOver = state.withLock { state in
      guard state.number == new.number, state.armedFor != nil else { return true }
      state.handle = handle
      return false
    }
    if isOver { handle.cancel() }
  }

  /// Whether the alarm that went off is the one that was set last.
  private func hasGoneOff(_ number: UInt64) -> Bool {
    state.withLock { state in
      guard state.number == number else { return false }
      state.armedFor = nil
      state.handle = nil
      return true
    }
  }
}
