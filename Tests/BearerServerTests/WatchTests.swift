import BearerFraming
import Testing

@testable import BearerServer

@Suite("The watch of a connection")
struct WatchTests {
  private var limits = ServerLimits()
  private let second: MonotonicNanoseconds = 1_000_000_000

  init() {
    limits.writeTimeout = .seconds(30)
    limits.partialLineTimeout = .seconds(10)
  }

  @Test("a client is stuck when it takes not a byte for the write timeout; a byte taken begins it anew")
  func writing() {
    var watch = ConnectionWatch()
    watch.unsent(at: 0, tookSome: false)
    watch.unsent(at: 20 * second, tookSome: false)
    #expect(watch.look(at: 30 * second - 1, limits) == .fine)
    #expect(watch.look(at: 30 * second, limits) == .stuck)
    watch.unsent(at: 20 * second, tookSome: true)
    #expect(watch.look(at: 50 * second - 1, limits) == .fine)
    #expect(watch.look(at: 50 * second, limits) == .stuck)
    watch.allSent()
    #expect(watch.look(at: 1000 * second, limits) == .fine)
    #expect(watch.isIdle)
  }

  @Test("a line's time runs from its first byte, until it is ended")
  func partialLine() {
    var watch = ConnectionWatch()
    watch.lineUnfinished(at: 0)
    watch.lineUnfinished(at: 9 * second)
    #expect(watch.look(at: 10 * second - 1, limits) == .fine)
    #expect(watch.look(at: 10 * second, limits) == .lineTooSlow)
    watch.lineEnded()
    #expect(watch.isIdle)
    watch.lineUnfinished(at: 11 * second)
    #expect(watch.look(at: 21 * second - 1, limits) == .fine)
    #expect(watch.look(at: 21 * second, limits) == .lineTooSlow)
  }

  @Test("after a last answer the client has one second to end its direction")
  func lingering() {
    var watch = ConnectionWatch()
    watch.lingering(at: 5 * second)
    #expect(watch.look(at: 6 * second - 1, limits) == .fine)
    #expect(watch.look(at: 6 * second, limits) == .stuck)
  }
}
