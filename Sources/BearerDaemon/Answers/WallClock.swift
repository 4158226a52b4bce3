package import BearerClaims
import Glibc

extension NumericDate {
  /// The present moment by the clock that tokens are dated with.
  package static var now: NumericDate {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return NumericDate(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}
