import BearerProviderKit
import BearerTestKit
import Foundation
import Testing

/// What depends on files of the whole system, which the program has for itself in a namespace.
///
/// `unshare` is util-linux's; where the system permits no user namespaces, nothing of this can be shown.
@Suite("The system's authorities", .enabled(if: hasNamespaces), .timeLimit(.minutes(10)))
struct SystemTests {
  private static let bundle = "/etc/ssl/certs/ca-certificates.crt"

  private func configuration(_ issuer: String, in directory: TemporaryDirectory) throws -> String {
    try directory.write(
      """
      socket = "\(directory.path)/s"
      [issuer.a]
      \(issuer)
      [policy.default]
      audiences = ["a"]
      """, to: "bearerd.toml")
    return directory.path + "/bearerd.toml"
  }

  @Test(
    "ca_file's authorities are trusted beside the system's, not in their place",
    .enabled(if: FileManager.default.fileExists(atPath: bundle)))
  func authorities() async throws {
    let certificates = try TestCertificates.shared()
    let script = #"mount --bind "$0" \#(Self.bundle) && exec "$@""#
    let withStranger = ["unshare", "-Urm", "sh", "-c", script, certificates.strangerFile]
    for (identity, wrapper, status) in [
      (certificates.unknownAuthority, withStranger, Int32(0)), (certificates.good, withStranger, 0),
      (certificates.unknownAuthority, [], 75),
    ] {
      try await ProviderTrial.run(identity: identity) { trial in
        let directory = try TemporaryDirectory()
        let issuer = "url = \"\(trial.provider.issuer)\"\nca_file = \"\(certificates.authorityFile)\""
        let run = try await BuiltProgram.run(
          "bearerd", ["check", "--config", configuration(issuer, in: directory)], through: wrapper)
        #expect(run.status == status)
        #expect((run.output + run.error).contains("tls_unknown_authority") == (status != 0))
      }
    }
  }
}

/// Whether user and mount namespaces can be made here.
private let hasNamespaces: Bool = {
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = ["unshare", "-Urm", "true"]
  process.standardError = FileHandle.nullDevice
  do { try process.run() } catch { return false }
  process.waitUntilExit()
  return process.terminationStatus == 0
}()
