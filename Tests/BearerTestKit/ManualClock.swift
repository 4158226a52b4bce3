package import BearerTime
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualClock: AlarmClock, MomentClock {
  private struct Alarm: Sendable {
    var deadline: MonotonicTime
    var action: @Sendable () -> Void
  }

  private struct State: Sendable {
    var now = MonotonicTime.zero
    var dateOffset = Duration.zero
    var alarms: [UInt64: Alarm] = [:]
    var scheduled: UInt64 = 0

    /// Takes the alarm that goes off next, if one is due by `time`.
    mutating func takeNext(by time: MonotonicTime) -> Alarm? {
      // Alarms of one deadline go off in the order in which they were set.
      let next = alarms.filter { $0.value.deadline <= time }
        .min { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }
      guard let next else { return nil }
      now = max(now, next.value.deadline)
      return alarms.removeValue(forKey: next.key)
    }
  }

  private let state = Mutex(State())

  /// A clock that stands at the origin.
  package init() {}

  /// Where the clock stands.
  package var now: MonotonicTime { state.withLock(\.now) }

  /// Where both clocks stand; that of dates stood at ``date`` when the other stood at its origin.
  package var moment: Moment {
    let (now, offset) = state.withLock { ($0.now, $0.dateOffset) }
    let date = now + offset
    return Moment(monotonic: now, unixMicroseconds: Self.date * 1_000_000 + date.nanoseconds / 1000)
  }

  /// The date at the origin, in seconds since 1970: a day in 2027.
  package static let date: Int64 = 1_800_000_000

  /// The deadlines of the alarms that are set, in order.
  package var deadlines: [MonotonicTime] {
    state.withLock { $0.alarms.values.map(\.deadline).sorted() }
  }

  /// Sets an alarm that goes off in ``advance(by:)``, or at once if its time has come.
  package func schedule(at deadline: MonotonicTime, _ action: @escaping @Sendable () -> Void) -> ScheduledAlarm {
    let number: UInt64? = state.withLock { state in
      guard state.now < deadline else { return nil }
      state.scheduled += 1
      state.alarms[state.scheduled] = Alarm(deadline: deadline, action: action)
      return state.scheduled
    }
    guard let number else {
      action()
      return ScheduledAlarm {}
    }
    return ScheduledAlarm { [weak self] in
      self?.state.withLock { state in _ = state.alarms.removeValue(forKey: number) }
    }
  }

  /// Sets the clock of dates, forward or back, as an operator does; the other one goes on as before.
  package func setDate(by duration: Duration) {
    state.withLock { $0.dateOffset += duration }
  }

  /// Moves the clock, and lets the alarms on the way go off in order, each at its own time.
  package func advance(by duration: Duration) {
    let target = now + duration
    while let alarm = state.withLock({ $0.takeNext(by: target) }) { alarm.action() }
    state.withLock { $0.now = max($0.now, target) }
  }
}
