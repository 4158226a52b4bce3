internal import Glibc

/// Nanoseconds since some fixed moment, by the clock of timeouts (CLOCK_MONOTONIC).
typealias MonotonicNanoseconds = Int64

extension MonotonicNanoseconds {
  /// The time now.
  static var now: MonotonicNanoseconds {
    var time = timespec()
    // Fails only for a clock that does not exist or a bad pointer; neither is possible here.
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

extension Duration {
  /// In nanoseconds; a time beyond 73 years is as long as that.
  var nanoseconds: MonotonicNanoseconds {
    let (seconds, attoseconds) = components
    let (whole, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    // A quarter of the range, so that adding it to a time cannot overflow either.
    return overflows ? .max / 4 : min(whole, .max / 4) + attoseconds / 1_000_000_000
  }
}
