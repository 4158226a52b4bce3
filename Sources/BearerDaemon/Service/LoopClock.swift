import BearerTime
import NIOCore

/// The machine's clock, whose near alarms go off on an event loop.
///
/// The threads that tasks share are few, and what occupies them would make waits longer than `key_wait`. The loop's own
/// clock stands still while the machine sleeps, so that far alarms are left to the clock that does not.
struct LoopClock: AlarmClock {
  /// The loop that alarms go off on; nothing may occupy it for long.
  let loop: any EventLoop

  private static let near = Duration.seconds(30)

  var now: MonotonicTime { .now }

  func schedule(at deadline: MonotonicTime, _ action: @escaping @Sendable () -> Void) -> ScheduledAlarm {
    let left = deadline.duration(since: now)
    guard left < Self.near else { return SystemAlarmClock().schedule(at: deadline, action) }
    let alarm = loop.scheduleTask(in: max(.zero, TimeAmount(left)), action)
    return ScheduledAlarm { alarm.cancel() }
  }
}
