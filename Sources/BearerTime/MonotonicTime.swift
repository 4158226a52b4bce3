import Glibc

/// A point on a clock that never goes back and goes on while the machine sleeps; in nanoseconds.
///
/// Wall clocks jump and `CLOCK_MONOTONIC` stands still in suspend: with either, a laptop or a paused virtual machine
/// would trust a key set for hours longer than it was told to. Arithmetic saturates, so no duration that an operator
/// or a provider sends can trap.
package struct MonotonicTime: Hashable, Comparable, Sendable {
  /// Nanoseconds since an origin that is the same within one process; may be negative.
  package let nanoseconds: Int64

  /// A point that lies this many nanoseconds after the process's origin.
  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// The origin: a moment early in the life of the process.
  package static let zero = MonotonicTime(nanoseconds: 0)

  /// The latest point that there is.
  package static let distantFuture = MonotonicTime(nanoseconds: .max)
  /// Before any other.
  package static let distantPast = MonotonicTime(nanoseconds: .min)

  private static let origin = sinceBoot

  /// Without the runtime's clock, whose 128-bit arithmetic takes longer than reading the time.
  private static var sinceBoot: Int64 {
    var time = timespec()
    // Fails only for a clock that does not exist or a bad pointer; neither is possible here.
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// The present moment (`CLOCK_BOOTTIME`).
  package static var now: MonotonicTime {
    let origin = origin
    return MonotonicTime(nanoseconds: sinceBoot - origin)
  }

  /// The same moment for the concurrency runtime's timers, whose clock this is, too.
  var continuousInstant: ContinuousClock.Instant {
    ContinuousClock.now.advanced(by: duration(since: .now))
  }

  /// The time from `earlier` to this point; negative if it is later.
  package func duration(since earlier: MonotonicTime) -> Duration {
    let (difference, overflows) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    guard overflows else { return .nanoseconds(difference) }
    return .nanoseconds(nanoseconds < earlier.nanoseconds ? Int64.min : Int64.max)
  }

  /// The point that lies `duration` after `time`, or the last one there is.
  package static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
    let added = duration.saturatedNanoseconds
    let (sum, overflows) = time.nanoseconds.addingReportingOverflow(added)
    guard overflows else { return MonotonicTime(nanoseconds: sum) }
    return MonotonicTime(nanoseconds: added < 0 ? .min : .max)
  }

  /// The point that lies `duration` before `time`, or the first one there is.
  package static func - (time: MonotonicTime, duration: Duration) -> MonotonicTime {
    time + (.zero - duration)
  }

  /// Whether `left` comes before `right`.
  package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}

extension Duration {
  /// The duration in whole nanoseconds, as near as 64 bits come.
  package var saturatedNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflows else { return seconds < 0 ? .min : .max }
    let (sum, overflowsAgain) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
    guard !overflowsAgain else { return seconds < 0 ? .min : .max }
    return sum
  }
}
