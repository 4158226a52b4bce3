/// A small seeded generator for jitter, where repeatable tests matter and secrecy does not (SplitMix64).
package struct JitterGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator that repeats itself for an equal seed; by default a different one each time.
  package init(seed: UInt64 = .random(in: .min ... .max)) {
    state = seed
  }

  /// The next 64 random bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

extension ClosedRange<Double> {
  /// A point of the range, the same on every platform and in every release for the same random bits.
  package func randomPoint(using generator: inout some RandomNumberGenerator) -> Double {
    let fraction = Double(generator.next() >> 11) * 0x1p-53
    return lowerBound + (upperBound - lowerBound) * fraction
  }
}
