import BearerClaims
import BearerJSON
import Testing

@testable import BearerJOSE

@Suite("What is known of tokens")
struct TokenCacheTests {
  private func name(_ number: UInt64) -> TokenName { TokenName(first: number, second: 0) }

  private let header: JOSEHeader

  init() throws {
    let bytes = Array(#"{"alg":"ES256"}"#.utf8)
    var tape = JSONTape()
    try tape.read(bytes.span)
    header = try JOSEHeader(bytes.span, tape, bytes.span)
  }

  private func payload(_ bytes: Int = 500) -> KnownPayload {
    var claims = ClaimSet()
    claims.bytes = [UInt8](repeating: 0x20, count: bytes)
    return KnownPayload(header: header, headerEnd: 0, payloadEnd: 0, claims: claims)
  }

  /// Keeps a payload if there is room for it; returns whether.
  private func keep(_ payload: KnownPayload, of number: UInt64, in tokens: inout TokenCache) -> Bool {
    guard tokens.makeRoom(for: payload.heldBytes) else { return false }
    tokens.keep(payload, of: name(number))
    return true
  }

  @Test("a signature is known for its token, and for the key that it was last good under")
  func identity() {
    var tokens = TokenCache(bytes: 1 << 20)
    tokens.insert(name(1), keySerial: 7)
    let names = [name(1), name(2), TokenName(first: 1, second: 1)]
    let before = names.map { tokens.facts(of: $0)?.keySerial }
    #expect(before == [7, nil, nil])
    tokens.insert(name(1), keySerial: 8)
    let after = names.map { tokens.facts(of: $0)?.keySerial }
    #expect(after == [8, nil, nil])
    #expect(tokens.count == 1)
  }

  @Test("there are never more than the memory allows, and new ones are still learnt")
  func bound() {
    var tokens = TokenCache(bytes: 20 * TokenCache.bytesPerEntry)
    for number in 0..<1000 { tokens.insert(name(UInt64(number)), keySerial: 1) }
    #expect(tokens.count == 10)
    let last = tokens.facts(of: name(999))
    #expect(last?.keySerial == 1)
  }

  @Test("a token that is used stays while those that are not make room")
  func eviction() {
    var tokens = TokenCache(bytes: 20 * TokenCache.bytesPerEntry)
    for number in 0..<10 { tokens.insert(name(UInt64(number)), keySerial: 1) }
    for number in 10..<500 {
      let used = tokens.facts(of: name(3))
      #expect(used?.keySerial == 1)
      tokens.insert(name(UInt64(number)), keySerial: 1)
    }
  }

  @Test("payloads keep to their half of the memory, and one that is not used makes room before any signature")
  func payloadBound() {
    let size = payload().heldBytes
    var tokens = TokenCache(bytes: 2 * 10 * size)
    let known = UInt64(tokens.capacity)
    for number in 0..<known { tokens.insert(name(number), keySerial: 1) }
    for number in 0..<known {
      for _ in 0..<3 where keep(payload(), of: number, in: &tokens) { break }
      #expect(tokens.payloadBytes <= 10 * size)
    }
    #expect(tokens.payloadBytes == 10 * size)
    #expect(tokens.count == Int(known))
    let kept = (0..<known).filter { tokens.facts(of: name($0))?.payload != nil }
    #expect(kept.count == 10)
    #expect(kept.last == known - 1)
  }

  @Test("a payload larger than all the room is not kept")
  func largePayload() {
    var tokens = TokenCache(bytes: 4096)
    tokens.insert(name(1), keySerial: 1)
    let isKept = keep(payload(2048), of: 1, in: &tokens)
    #expect(!isKept)
    #expect(tokens.payloadBytes == 0)
  }

  @Test("a payload goes with its token's place, is forgotten by itself, and is counted once")
  func payloadEnd() {
    var tokens = TokenCache(bytes: 16 * TokenCache.bytesPerEntry)
    tokens.insert(name(1), keySerial: 1)
    let areKept = (0..<2).map { _ in keep(payload(10), of: 1, in: &tokens) }
    #expect(areKept == [true, true])
    #expect(tokens.payloadBytes == payload(10).heldBytes)
    tokens.forgetPayload(of: name(1))
    #expect(tokens.payloadBytes == 0)
    let forgotten = tokens.facts(of: name(1))
    #expect(forgotten?.keySerial == 1)
    #expect(forgotten?.payload == nil)
    let isKeptAgain = keep(payload(10), of: 1, in: &tokens)
    #expect(isKeptAgain)
    for number in UInt64(2)..<20 { tokens.insert(name(number), keySerial: 1) }
    #expect(tokens.payloadBytes == 0)
    tokens.keep(payload(10), of: name(1))
    #expect(tokens.payloadBytes == 0)
  }

  @Test("without memory nothing is known, and that is said")
  func none() {
    var tokens = TokenCache(bytes: 0)
    tokens.insert(name(1), keySerial: 1)
    let known = tokens.facts(of: name(1))
    let hasRoom = tokens.makeRoom(for: 1)
    #expect(known?.keySerial == nil)
    #expect(!hasRoom)
    #expect(tokens.capacity == 0)
  }
}
