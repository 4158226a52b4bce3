/// Chance that always throws the middle: refresh at 80 %, retries at three quarters of the nominal delay.
struct Middle: RandomNumberGenerator {
  mutating func next() -> UInt64 { 1 << 63 }
}
