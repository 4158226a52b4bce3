/// Time and alarms; tests own theirs.
package protocol AlarmClock: Sendable {
  /// The present moment.
  var now: MonotonicTime { get }

  /// Calls `action` once, at `deadline` or soon after, on any thread; at once if it has passed.
  ///
  /// - Returns: What takes the alarm back. An action that has begun is not taken back.
  func schedule(at deadline: MonotonicTime, _ action: @escaping @Sendable () -> Void) -> ScheduledAlarm
}

/// An alarm that can be taken back.
package struct ScheduledAlarm: Sendable {
  private let takeBack: @Sendable () -> Void

  /// An alarm that `takeBack` takes back; it may be called more than once.
  package init(_ takeBack: @escaping @Sendable () -> Void) {
    self.takeBack = takeBack
  }

  /// Takes the alarm back; without effect if it has gone off.
  package func cancel() { takeBack() }
}

/// The machine's clock.
package struct SystemAlarmClock: AlarmClock {
  /// The machine's clock.
  package init() {}

  /// The present moment (`CLOCK_BOOTTIME`).
  package var now: MonotonicTime { .now }

  /// Calls `action` at `deadline` from the concurrency runtime's timer.
  package func schedule(at deadline: MonotonicTime, _ action: @escaping @Sendable () -> Void) -> ScheduledAlarm {
    // An unstructured task because it bridges to a callback: whoever asks for an alarm is in the middle of
    // synchronous work, has no group to add a child to, and keeps the handle that ends it.
    let sleeper = Task {
      do { try await ContinuousClock().sleep(until: deadline.continuousInstant) } catch { return }
      action()
    }
    return ScheduledAlarm { sleeper.cancel() }
  }
}
