import BearerDaemon
import BearerTime
import Testing

/// How many requests of a peer pass.
@Suite("Rate of requests") struct RequestRateTests {
  private let start = MonotonicTime.now

  private func passed(_ rate: inout RequestRate, _ count: Int, at offset: Duration) -> Int {
    (0..<count).count { _ in rate.take(now: start + offset) == nil }
  }

  @Test("as many as a second's worth pass at once, then as many as time allows")
  func burst() {
    var rate = RequestRate(perSecond: 10)
    #expect(passed(&rate, 12, at: .zero) == 10)
    #expect(passed(&rate, 2, at: .milliseconds(99)) == 0)
    #expect(passed(&rate, 2, at: .milliseconds(100)) == 1)
    #expect(passed(&rate, 9, at: .milliseconds(600)) == 5)
    #expect(passed(&rate, 100, at: .seconds(60)) == 10)
  }

  @Test("who is refused is told when one passes, and refusals cost nothing")
  func wait() {
    var rate = RequestRate(perSecond: 4)
    #expect(passed(&rate, 4, at: .zero) == 4)
    #expect(rate.take(now: start) == .milliseconds(250))
    #expect(rate.take(now: start + .milliseconds(100)) == .milliseconds(150))
    #expect(rate.take(now: start + .milliseconds(250)) == nil)
    #expect(rate.take(now: start + .milliseconds(250)) == .milliseconds(250))
  }

  @Test("one in a second is one in a second")
  func slowest() {
    var rate = RequestRate(perSecond: 1)
    #expect(rate.take(now: start) == nil)
    #expect(rate.take(now: start) == .seconds(1))
    #expect(rate.take(now: start + .seconds(1)) == nil)
  }
}
