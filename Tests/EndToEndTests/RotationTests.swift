import BearerProviderKit
import BearerTestKit
import Foundation
import Testing

/// The provider rotates under load.
///
/// `deploy/rotation` runs this for two minutes.
@Suite struct RotationTests {
  @Test("no verdict is wrong and no valid token refused while the provider rotates, fails and comes back")
  func underLoad() async throws {
    let seconds = ProcessInfo.processInfo.environment["BEARERD_ROTATION_SECONDS"].flatMap(TimeInterval.init) ?? 20
    let provider = try await FaultyProvider.start()
    let directory = try ShortDirectory()
    let file = directory.file("b.toml")
    let socket = directory.file("b.sock")
    try RotationLoad.configuration(url: provider.issuer).write(toFile: file, atomically: false, encoding: .utf8)

    let load = RotationLoad(socket: socket, provider: provider, period: 3, connections: 4)
    let outcome = try await BlockingThread.run {
      try load.prepare()
      let daemon = try BuiltProgram(["serve", "--config", file, "--socket", socket], environment: [:])
      guard daemon.awaitLog("ready") else {
        throw TranscriptFault(line: 0, message: "the daemon is not ready: \(daemon.errorText)")
      }
      let outcome = try load.run(for: seconds)
      daemon.send(SIGTERM)
      #expect(daemon.end()?.status == 0)
      return outcome
    }
    await provider.stop()
    print(
      """
      rotation under load, \(Int(seconds)) s: \(outcome.verdicts) verdicts (\(outcome.forgeriesRefused) forgeries refused, \
      \(outcome.stale) on stale keys), \(outcome.rotations) rotations with \(outcome.bursts) bursts, \(outcome.outages) outages, \
      \(outcome.fetches) fetches of at most \(outcome.mostFetches), \(outcome.wrong.count) wrong
      """)
    #expect(outcome.wrong == [])
    #expect(outcome.rotations > 0 && outcome.outages > 0)
    #expect(outcome.bursts == outcome.rotations)
    #expect(outcome.verdicts > 100 && outcome.forgeriesRefused > 10)
    #expect(outcome.fetches >= Int64(outcome.rotations))
    #expect(outcome.fetches <= outcome.mostFetches)
  }
}
