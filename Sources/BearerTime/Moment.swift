import Glibc

/// One moment by both clocks that a verdict depends on.
package struct Moment: Equatable, Sendable {
  /// By the clock that never goes back: for the age of keys, waits and rates.
  package let monotonic: MonotonicTime
  /// By the clock that tokens are dated with: microseconds since 1970-01-01T00:00:00Z.
  package let unixMicroseconds: Int64

  /// A moment.
  package init(monotonic: MonotonicTime, unixMicroseconds: Int64) {
    self.monotonic = monotonic
    self.unixMicroseconds = unixMicroseconds
  }
}

/// Tells the moment, once for each request, so that everything in its answer is of one time; tests own theirs.
package protocol MomentClock: Sendable {
  /// The present moment.
  var moment: Moment { get }
}

/// The machine's clocks.
package struct SystemClock: MomentClock {
  /// The machine's clocks.
  package init() {}

  /// The present moment (`CLOCK_BOOTTIME` and `CLOCK_REALTIME`).
  package var moment: Moment {
    var time = timespec()
    // Fails only for a clock that does not exist or a bad pointer; neither is possible here.
    clock_gettime(CLOCK_REALTIME, &time)
    return Moment(
      monotonic: .now, unixMicroseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}
