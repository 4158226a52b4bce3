import NIOCore
import Testing

@testable import BearerServer

@Suite("The watches of a connection")
struct WatchTests {
  @Test("a client is stuck after four looks without a byte taken, and only then")
  func writing() {
    var watch = WriteWatch()
    watch.wrote(100)
    #expect(watch.look(unsentBytes: 60) == .progressing)
    for _ in 0..<3 { #expect(watch.look(unsentBytes: 60) == .progressing) }
    // More to send is no progress, a byte taken is.
    watch.wrote(50)
    #expect(watch.look(unsentBytes: 109) == .progressing)
    for _ in 0..<3 { #expect(watch.look(unsentBytes: 109) == .progressing) }
    #expect(watch.look(unsentBytes: 109) == .stuck)
  }

  @Test("a client that took everything is not watched")
  func idle() {
    var watch = WriteWatch()
    watch.wrote(100)
    #expect(watch.look(unsentBytes: 0) == .idle)
  }

  @Test("a line's time runs from its first byte, until it is stopped")
  func partialLine() {
    var watch = PartialLineWatch()
    let start = NIODeadline.uptimeNanoseconds(0)
    watch.start(now: start, timeout: .seconds(10))
    watch.start(now: start + .seconds(5), timeout: .seconds(10))
    #expect(watch.deadline == start + .seconds(10))
    watch.stop()
    #expect(watch.deadline == nil)
    watch.start(now: start + .seconds(6), timeout: .seconds(10))
    #expect(watch.deadline == start + .seconds(16))
  }
}
