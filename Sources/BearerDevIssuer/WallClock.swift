import Glibc

/// The system's idea of the date.
package enum WallClock {
  /// Whole seconds since 1970-01-01T00:00:00Z, as NumericDate counts them (RFC 7519 section 2).
  package static func now() -> Int64 {
    var time = timespec()
    // Fails only for a clock that does not exist or a bad pointer; neither is possible here.
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec)
  }
}
