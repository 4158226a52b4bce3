import Synchronization
import Testing

@testable import BearerDaemon

@Suite struct SelfTestTests {
  @Test("the process ends once, thirty beats after the last sign of life, and never before the first")
  func beats() {
    let ends = Mutex(0)
    let test = SelfTest { ends.withLock { $0 += 1 } }
    for _ in 0..<100 { test.beat() }
    #expect(ends.withLock(\.self) == 0)
    test.isAlive()
    for _ in 0..<29 { test.beat() }
    test.isAlive()
    for _ in 0..<29 { test.beat() }
    #expect(ends.withLock(\.self) == 0)
    test.beat()
    #expect(ends.withLock(\.self) == 1)
    for _ in 0..<100 { test.beat() }
    #expect(ends.withLock(\.self) == 1)
    test.stop()
  }
}
