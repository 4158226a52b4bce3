import BearerFraming
import Testing

@testable import BearerServer

@Suite("The count of connections")
struct ConnectionCounterTests {
  @Test("keeps places for the operators that no other users can take, however many they are")
  func reserved() {
    var limits = ServerLimits()
    limits.connections = 128
    let counter = ConnectionCounter(limits: limits, operators: [0])
    var admitted = 0
    for uid in 1000..<2000 where counter.admit(uid: UInt32(uid)) { admitted += 1 }
    #expect(admitted == 126)
    #expect(counter.admit(uid: 0))
    #expect(counter.admit(uid: 0))
    #expect(!counter.admit(uid: 0))
    counter.release(uid: 1000)
    #expect(!counter.admit(uid: 1000))
    #expect(counter.admit(uid: 0))
    #expect(counter.total == 128)
  }
}
