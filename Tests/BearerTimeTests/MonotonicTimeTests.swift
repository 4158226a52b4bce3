import BearerTime
import Testing

@Suite(.timeLimit(.minutes(10))) struct MonotonicTimeTests {
  @Test("times and durations add up, and saturate instead of trapping")
  func arithmetic() {
    let time = MonotonicTime(nanoseconds: 5)
    #expect(time + .nanoseconds(3) == MonotonicTime(nanoseconds: 8))
    #expect(time - .nanoseconds(8) == MonotonicTime(nanoseconds: -3))
    #expect(time.duration(since: MonotonicTime(nanoseconds: 7)) == .nanoseconds(-2))
    #expect(time + .seconds(Int64.max) == .distantFuture)
    #expect(MonotonicTime(nanoseconds: -3) - .seconds(Int64.max) == MonotonicTime(nanoseconds: .min))
    #expect(MonotonicTime.distantFuture + .seconds(1) == .distantFuture)
    #expect(
      MonotonicTime.distantFuture.duration(since: MonotonicTime(nanoseconds: .min)) == .nanoseconds(Int64.max))
    #expect(
      MonotonicTime(nanoseconds: .min).duration(since: MonotonicTime.distantFuture) == .nanoseconds(Int64.min))
  }

  @Test("the machine's clock never goes back")
  func neverBack() {
    var last = MonotonicTime.now
    for _ in 0..<10_000 {
      let now = MonotonicTime.now
      #expect(last <= now)
      last = now
    }
  }

  @Test("the machine's clock lets an alarm go off, also one whose time has passed")
  func alarms() async {
    let clock = SystemAlarmClock()
    for delay in [Duration.seconds(-1), .zero, .milliseconds(1)] {
      let deadline = clock.now + delay
      await withCheckedContinuation { continuation in
        _ = clock.schedule(at: deadline) { continuation.resume() }
      }
      #expect(clock.now >= deadline)
    }
  }
}
