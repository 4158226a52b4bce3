internal import CLinuxSockets

/// Nanoseconds since some fixed moment, by the clock of timeouts (CLOCK_MONOTONIC).
typealias ContinuousNanoseconds = Int64

extension ContinuousNanoseconds {
  /// The time now.
  static var now: ContinuousNanoseconds { bearerd_monotonic_nanoseconds() }
}

extension Duration {
  /// In nanoseconds; a time beyond 292 years is as long as that.
  var nanoseconds: ContinuousNanoseconds {
    let (seconds, attoseconds) = components
    let (whole, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    // A quarter of the range, so that adding it to a time cannot overflow either.
    return overflows ? .max / 4 : min(whole, .max / 4) + attoseconds / 1_000_000_000
  }
}
