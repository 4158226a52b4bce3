// A token is known again by a universal hash of all its bytes under a secret, and neither the token nor a digest that
// could be computed elsewhere is kept.
//
// A false hit would be a forged acceptance, so this is the proof that there is none. Let p be the prime 2^61 - 1. A token
// of L bytes is cut into n words of seven bytes, m1 ... mn, the last one filled up with zeros; each is less than p. Its
// hash under a key k is m1 k^n + m2 k^(n-1) + ... + mn k + L modulo p. Two different tokens give two different polynomials:
// of equal length, some word differs; of different length, the last terms differ. Their difference has degree n at most,
// so that at most n of the p keys make both hashes equal. The name is two such hashes under two independent keys: two
// tokens have the same name with a probability of at most (n / p)^2. For the longest token of the default 16 KiB that is
// 2^-99, and for all that a full cache of 2^16 tokens holds 2^-83, for each token that is tried. Lines that ask about a
// token get names in the same way; the longest line of the default 64 KiB is four times as long as such a token, which
// makes that 2^-95 and 2^-79.
//
// That holds for whoever does not know the keys. They are drawn when the cache is made, never leave it, and end with it.
// No name is shown, and places in the cache's table follow from a name through a keyed hash (SipHash), so that the time
// that looking takes tells nothing of it either. A core dump would show the keys; it would show the tokens of requests as
// well, and is switched off.
//
// A digest that needs no secret, SHA-256, takes three times as long even with the processor's help.

/// What a token is called in the cache, or a line that asks about one.
package struct TokenName: Hashable {
  let first: UInt64
  let second: UInt64

  /// A part of a name scatters as well as all of it.
  package func hash(into hasher: inout Hasher) { hasher.combine(first) }
}

/// Gives tokens their names, under a secret of its own.
package struct TokenNamer {
  /// The powers of a key by which four words at once are multiplied.
  private struct Key {
    let powers: (UInt64, UInt64, UInt64, UInt64)

    init(_ key: UInt64) {
      let square = TokenNamer.product(key, key)
      powers = (key, square, TokenNamer.product(square, key), TokenNamer.product(square, square))
    }
  }

  static let prime: UInt64 = 1 << 61 - 1

  private let first: Key
  private let second: Key

  /// A namer under keys that nobody knows.
  package init() {
    self.init(.random(in: 0..<Self.prime), .random(in: 0..<Self.prime))
  }

  /// A namer under these keys, each less than ``prime``.
  init(_ first: UInt64, _ second: UInt64) {
    self.first = Key(first)
    self.second = Key(second)
  }

  /// The name of a token.
  package func name(of token: Span<UInt8>) -> TokenName {
    let count = token.count
    var (left, right) = (UInt64(0), UInt64(0))
    token.withUnsafeBytes { bytes in
      var at = 0
      // One byte more than the words have, for a word is loaded with the byte behind it.
      while at &+ 29 <= count {
        let words = (
          Self.word(bytes, at), Self.word(bytes, at &+ 7), Self.word(bytes, at &+ 14), Self.word(bytes, at &+ 21)
        )
        left = Self.add(words, to: left, first)
        right = Self.add(words, to: right, second)
        at &+= 28
      }
      while at < count {
        let length = min(7, count &- at)
        var word: UInt64 = 0
        if at &+ 8 <= count {
          word = Self.word(bytes, at)
        } else {
          for place in (0..<length).reversed() { word = word &<< 8 | UInt64(bytes[at &+ place]) }
        }
        left = Self.product(left &+ word, first.powers.0)
        right = Self.product(right &+ word, second.powers.0)
        at &+= length
      }
    }
    return TokenName(first: Self.canonical(left &+ UInt64(count)), second: Self.canonical(right &+ UInt64(count)))
  }

  @inline(__always)
  private static func word(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
    // Safe because the caller made sure that eight bytes are there, and every bit pattern is a UInt64. To have them
    // checked once more costs a third of what a name takes.
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) & 0x00FF_FFFF_FFFF_FFFF
  }

  /// What `sum` is after four more words: as if each had been added and the sum been multiplied by the key.
  @inline(__always)
  private static func add(_ words: (UInt64, UInt64, UInt64, UInt64), to sum: UInt64, _ key: Key) -> UInt64 {
    // The first product is less than 2^123 and the others are less than 2^118, so that all together are less than 2^124: a
    // sum and a power are less than 2^61 + 8, a word is less than 2^56.
    reduced(
      wideProduct(sum &+ words.0, key.powers.3) &+ wideProduct(words.1, key.powers.2)
        &+ wideProduct(words.2, key.powers.1) &+ wideProduct(words.3, key.powers.0))
  }

  @inline(__always)
  private static func wideProduct(_ left: UInt64, _ right: UInt64) -> UInt128 {
    let (high, low) = left.multipliedFullWidth(by: right)
    return UInt128(high) &<< 64 | UInt128(low)
  }

  @inline(__always)
  fileprivate static func product(_ left: UInt64, _ right: UInt64) -> UInt64 { reduced(wideProduct(left, right)) }

  /// The number modulo ``prime``, or up to eight more than that; it must be less than 2^124.
  @inline(__always)
  private static func reduced(_ number: UInt128) -> UInt64 {
    // 2^61 is 1 modulo the prime.
    let sum = (UInt64(truncatingIfNeeded: number) & prime) &+ UInt64(truncatingIfNeeded: number &>> 61)
    return (sum & prime) &+ (sum &>> 61)
  }

  private static func canonical(_ number: UInt64) -> UInt64 {
    let sum = (number & prime) &+ (number &>> 61)
    return sum >= prime ? sum &- prime : sum
  }
}
