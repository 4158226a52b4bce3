// A token is known again by a universal hash of all its bytes under a secret. Neither the token nor a digest that could be
// computed elsewhere is kept.
//
// The hash has two steps, as that of VMAC has (draft-krovetz-vmac-01). First a token is cut into blocks of 512 bytes, the
// last one filled up with zeros to a multiple of 16. Each block becomes two numbers of 128 bits. With m1, m2, ... for the
// block's words of 64 bits and s1, s2, ... for secret ones, they are
//
//   (m1 + s1)(m2 + s2) + (m3 + s3)(m4 + s4) + ...    and    (m1 + s3)(m2 + s4) + (m3 + s5)(m4 + s6) + ...
//
// where words are added modulo 2^64 and products modulo 2^128. This is NH; its authors prove that the first numbers of two
// different blocks of one length are equal with a probability of at most 2^-64, and both numbers of at most 2^-128 (Black,
// Halevi, Krawczyk, Krovetz, Rogaway: "UMAC: Fast and Secure Message Authentication", CRYPTO 1999).
//
// Then each number is cut into three words of at most 56 bits. Let p be the prime 2^61 - 1, L the token's length in bytes,
// and m1 ... mn the words of all first numbers. The first half of the name is m1 k^n + m2 k^(n-1) + ... + mn k + L modulo p
// under a secret key k; the second half is made of the second numbers under another key.
//
// A false hit would be a forged acceptance, so this is the proof that there is none. Two tokens of different length have
// different polynomials, because the last terms differ. Two different tokens of equal length differ in some block, and have
// different polynomials unless that block's numbers are equal. The difference of two polynomials has degree n at most, so
// at most n of the p keys make both hashes equal. In all, two tokens have one name with a probability of at most
// (2^-64 + n / p)^2. For the longest token of the default 16 KiB, n is 96 and that is 2^-108; for all that a full cache of
// 2^16 tokens holds it is 2^-92, for each token that is tried. Lines that ask about a token get names in the same way; for
// the longest line of the default 64 KiB that is 2^-104 and 2^-88.
//
// That holds for whoever does not know the secrets. They are drawn when the cache is made, never leave it, and end with it.
// No name is shown, and places in the cache's table follow from a name through a keyed hash (SipHash), so that the time
// that looking takes tells nothing of it either. A core dump would show the secrets; it would show the tokens of requests
// as well, and is switched off.

/// What a token is called in the cache, or a line that asks about one.
package struct TokenName: Hashable {
  let first: UInt64
  let second: UInt64

  /// A part of a name scatters as well as all of it.
  package func hash(into hasher: inout Hasher) { hasher.combine(first) }
}

/// Gives tokens their names, under a secret of its own.
package struct TokenNamer {
  /// A key's powers, by which a block's three words are multiplied.
  private struct Key {
    let powers: (UInt64, UInt64, UInt64)

    init(_ key: UInt64) {
      let square = TokenNamer.reduced(TokenNamer.product(key, key))
      powers = (key, square, TokenNamer.reduced(TokenNamer.product(square, key)))
    }
  }

  static let prime: UInt64 = 1 << 61 - 1

  /// Bytes of a block.
  private static let block = 512

  /// The secret words: one for each of a block's, and two more for its second number.
  private let words: [UInt64]
  private let first: Key
  private let second: Key

  /// A namer under secrets that nobody knows.
  package init() {
    self.init(.random(in: 0..<Self.prime), .random(in: 0..<Self.prime)) { _ in .random(in: .min ... .max) }
  }

  /// A namer under these secrets: two keys, each less than ``prime``, and the words by their places.
  init(_ first: UInt64, _ second: UInt64, word: (Int) -> UInt64) {
    words = (0..<Self.block / 8 + 2).map(word)
    self.first = Key(first)
    self.second = Key(second)
  }

  /// The name of a token.
  package func name(of token: Span<UInt8>) -> TokenName {
    let count = token.count
    var (left, right) = (UInt64(0), UInt64(0))
    token.withUnsafeBytes { bytes in
      words.withUnsafeBytes { secret in
        var at = 0
        while at < count, let start = bytes.baseAddress, let secret = secret.baseAddress {
          let length = min(Self.block, count &- at)
          let whole = length & ~15
          var (one, two) = Self.numbers(start + at, secret, count: whole)
          if whole < length {
            let rest = Self.rest(bytes, from: at &+ whole)
            Self.add(rest, secret + whole, &one, &two)
          }
          left = Self.add(one, to: left, first)
          right = Self.add(two, to: right, second)
          at &+= length
        }
      }
    }
    return TokenName(first: Self.canonical(left &+ UInt64(count)), second: Self.canonical(right &+ UInt64(count)))
  }

  /// Both numbers of a block, as far as it has whole pairs of words.
  ///
  /// A function of its own, so that what the loop needs stays in registers.
  @inline(never)
  private static func numbers(
    _ block: UnsafeRawPointer, _ secret: UnsafeRawPointer, count: Int
  ) -> (one: UInt128, two: UInt128) {
    var (one, two) = (UInt128(0), UInt128(0))
    var at = 0
    while at < count {
      add((word(block + at), word(block + at + 8)), secret + at, &one, &two)
      at &+= 16
    }
    return (one, two)
  }

  /// Adds a pair of a block's words to both numbers, given where the secret words of its place are.
  @inline(__always)
  private static func add(
    _ pair: (UInt64, UInt64), _ secret: UnsafeRawPointer, _ one: inout UInt128, _ two: inout UInt128
  ) {
    one &+= product(pair.0 &+ word(secret), pair.1 &+ word(secret + 8))
    two &+= product(pair.0 &+ word(secret + 16), pair.1 &+ word(secret + 24))
  }

  @inline(__always)
  private static func word(_ address: UnsafeRawPointer) -> UInt64 {
    // Safe because the callers made sure that eight bytes are there, and every bit pattern is a UInt64: a pair is whole,
    // and as the last pair of a block is at byte 496, its secret words end at byte 528, where all of them end.
    address.loadUnaligned(as: UInt64.self)
  }

  /// The last bytes, fewer than 16, with zeros behind them, as two words.
  private static func rest(_ bytes: UnsafeRawBufferPointer, from at: Int) -> (UInt64, UInt64) {
    guard bytes.count >= 16, let end = bytes.baseAddress.map({ $0 + bytes.count }) else {
      let rest = bytes[at...].reversed().reduce(UInt128(0)) { $0 &<< 8 | UInt128($1) }
      return (UInt64(truncatingIfNeeded: rest), UInt64(truncatingIfNeeded: rest &>> 64))
    }
    // The last 16 bytes, without those before `at`: of these there is at least one.
    let (even, odd) = (word(end - 16), word(end - 8))
    let bits = UInt64(8 &* (16 &- (bytes.count &- at)))
    return bits < 64 ? (even &>> bits | odd &<< (64 &- bits), odd &>> bits) : (odd &>> (bits &- 64), 0)
  }

  /// What `sum` is after a block's number: as if each of its three words had been added and the sum been multiplied by the
  /// key.
  @inline(__always)
  private static func add(_ number: UInt128, to sum: UInt64, _ key: Key) -> UInt64 {
    let mask: UInt64 = 1 << 56 - 1
    let words = (
      UInt64(truncatingIfNeeded: number) & mask, UInt64(truncatingIfNeeded: number &>> 56) & mask,
      UInt64(truncatingIfNeeded: number &>> 112)
    )
    // The first product is less than 2^123 and the others are less than 2^118, so that all together are less than 2^124: a
    // sum and a power are less than 2^61 + 8, a word is less than 2^56.
    return reduced(
      product(sum &+ words.0, key.powers.2) &+ product(words.1, key.powers.1) &+ product(words.2, key.powers.0))
  }

  @inline(__always)
  private static func product(_ left: UInt64, _ right: UInt64) -> UInt128 {
    let (high, low) = left.multipliedFullWidth(by: right)
    return UInt128(high) &<< 64 | UInt128(low)
  }

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
