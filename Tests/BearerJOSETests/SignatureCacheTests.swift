import Testing

@testable import BearerJOSE

@Suite("Known signatures")
struct SignatureCacheTests {
  private func fact(_ number: UInt64, key: UInt64 = 1) -> SignatureCache.Fact {
    SignatureCache.Fact(digest: .init((number, 0, 0, 0)), keySerial: key)
  }

  @Test("a fact is known for its token and its key only")
  func identity() {
    var cache = SignatureCache(bytes: 1 << 20)
    cache.insert(fact(1, key: 1))
    let known = [cache.contains(fact(1, key: 1)), cache.contains(fact(1, key: 2)), cache.contains(fact(2, key: 1))]
    #expect(known == [true, false, false])
  }

  @Test("it never holds more than its memory allows, and goes on learning")
  func bound() {
    var cache = SignatureCache(bytes: 10 * SignatureCache.bytesPerEntry)
    for number in 0..<1000 { cache.insert(fact(UInt64(number))) }
    #expect(cache.count == 10)
    let isLastKnown = cache.contains(fact(999))
    #expect(isLastKnown)
  }

  @Test("what is used stays while what is not makes room")
  func eviction() {
    var cache = SignatureCache(bytes: 10 * SignatureCache.bytesPerEntry)
    for number in 0..<10 { cache.insert(fact(UInt64(number))) }
    for number in 10..<500 {
      let isKnown = cache.contains(fact(3))
      #expect(isKnown)
      cache.insert(fact(UInt64(number)))
    }
  }

  @Test("without memory it knows nothing, and says so")
  func none() {
    var cache = SignatureCache(bytes: 0)
    cache.insert(fact(1))
    let isKnown = cache.contains(fact(1))
    #expect(!isKnown)
    #expect(cache.capacity == 0)
  }
}
