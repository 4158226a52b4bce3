/// Chance that always throws the same.
struct FixedChance: RandomNumberGenerator, Sendable {
  /// The least of every range: refresh at 70 % of a lifetime, retries after half of the nominal delay.
  static let least = FixedChance(bits: 0)
  /// The middle: refresh at 80 %, retries at three quarters.
  static let middle = FixedChance(bits: 1 << 63)
  /// As good as the end: refresh at 90 %, retries at the nominal delay.
  static let most = FixedChance(bits: .max)

  fileprivate let bits: UInt64

  mutating func next() -> UInt64 { bits }
}
