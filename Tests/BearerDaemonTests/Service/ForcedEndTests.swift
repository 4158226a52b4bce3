import BearerLogging
import Dispatch
import Glibc
import Logging
import Testing

@testable import BearerDaemon

/// In processes of their own, which end.
@Suite(.timeLimit(.minutes(10))) struct ForcedEndTests {
  @Test("a stop that does not come to its end ends with status 70")
  func hungStop() async {
    await #expect(processExitsWith: .exitCode(70)) {
      let end = ForcedEnd(after: .milliseconds(1), log: Log(.text, level: .error, environment: [:]))
      signal(SIGTERM, SIG_IGN)
      await end.begin()
      kill(getpid(), SIGTERM)
      withExtendedLifetime(end) {
        while true { sleep(60) }
      }
    }
  }

  @Test("the second signal ends the process as the signal does, whichever the two are", arguments: [SIGTERM, SIGINT])
  func secondSignal(second: CInt) async {
    await #expect(processExitsWith: .signal(second)) { [second] in
      let end = ForcedEnd(after: .seconds(3600), log: Log(.text, level: .error, environment: [:]))
      end.received(SIGINT, times: 1)
      end.received(second, times: 1)
      exit(1)
    }
  }
}
