import BearerConfiguration
import BearerFraming
import BearerServer
import Testing

@testable import BearerDaemon

/// What a reload does to the event loops.
@Suite struct ReloadTests {
  @Test("a loop that is told of a reload lets go of what was in force before, without a request")
  func adopted() {
    let fixture = AnswersFixture()
    weak let before = fixture.current.value
    fixture.reload([AnswersFixture.policy()])
    #expect(before != nil)
    (fixture.handler as? RequestHandler)?.adoptReload()
    #expect(before == nil)
  }

  @Test("only the limits that a verifier is made for make another, and empty the token cache")
  func verifierLimits() {
    let limits = Limits()
    var other = limits
    other.writeTimeout += .seconds(1)
    other.connections += 1
    #expect(other != limits && other.haveSameMemory(as: limits))
    other.tokenCacheBytes = 1
    #expect(!other.haveSameMemory(as: limits))
    other = limits
    other.tokenBytes += 1
    #expect(!other.haveSameMemory(as: limits))
  }
}
