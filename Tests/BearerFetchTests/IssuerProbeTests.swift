import BearerAddress
import BearerFetch
import BearerJOSE
import BearerKeys
import BearerProviderKit
import BearerSigning
import BearerTestKit
import Foundation
import NIOPosix
import Testing

@Suite(.timeLimit(.minutes(10)))
struct IssuerProbeTests {
  private func report(
    _ trial: ProviderTrial, _ change: (inout KeySourceSettings) -> Void = { _ in }
  ) async -> ProbeReport {
    await IssuerProbe(
      settings: trial.settings(change),
      network: FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: [:])
    ).run()
  }

  @Test("a good issuer: where, how many keys, how long, nothing to mend")
  func good() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.setHeaders([("Cache-Control", "max-age=300")])
      let report = await report(trial)
      #expect(report.isUsable)
      #expect(report.issuer == trial.provider.issuer)
      #expect(report.findings.map(\.code) == ["discovery", "keys", "lifetime"])
      #expect(report.findings.allSatisfy { $0.severity == .ok && $0.advice == nil })
      #expect(report.findings[1].found == "1 of 1 keys at \(trial.provider.origin)/jwks can be used")
    }
  }

  @Test("skipped keys are named with their reason; keys for encryption are no cause for concern")
  func skippedKeys() async throws {
    try await ProviderTrial.run { trial in
      let encryption = try TestKey(kid: "enc", members: #""use":"enc""#)
      let other = try TestKey(kid: "rs", kind: .rsa(bits: 2048), members: #""alg":"RS512""#)
      trial.provider.setKeys(TestKey.set(trial.key, encryption, other))
      let report = await report(trial)
      #expect(report.isUsable)
      #expect(
        report.findings.map { "\($0.severity) \($0.code)" } == [
          "ok discovery", "ok keys", "ok not_for_signatures", "warning alg_not_configured", "ok no_cache_headers",
        ])
      #expect(report.findings[3].advice == "add RS512 to algorithms, if tokens are signed with this key")
    }
  }

  @Test("a url that lacks or has one slash at its end is told apart from another issuer")
  func slash() async throws {
    try await ProviderTrial.run { trial in
      let configured = trial.provider.issuer
      for (named, code) in [(configured + "/", "issuer_trailing_slash"), ("https://other.test", "issuer_mismatch")] {
        trial.provider.present(issuer: named)
        let report = await report(trial) { $0.url = configured }
        #expect(!report.isUsable)
        #expect(report.findings.map(\.code) == [code])
        #expect(report.findings.first?.found.contains(named) == true)
      }
    }
  }

  @Test("every failed fetch is one finding with its code and what to mend")
  func faults() async throws {
    try await ProviderTrial.run { trial in
      let cases: [(ProviderAnswer, FetchFault.Code)] = [
        (.status(503), .httpStatus), (.html, .notJSON), (.emptySet, .emptyKeySet), (.noUsableKey, .noUsableKey),
        (.redirect(to: "/x"), .redirectRefused), (.reset, .connectionReset),
      ]
      for (answer, code) in cases {
        trial.provider.answer(.keys, with: answer)
        let report = await report(trial)
        let errors = report.findings.filter { $0.severity == .error }
        #expect(errors.map(\.code) == [code.rawValue])
        #expect(errors.allSatisfy { $0.advice?.isEmpty == false })
        #expect(!report.isUsable)
      }
      let held = try #require(HeldPort())
      defer { held.release() }
      #expect(
        await report(trial) { $0.url = "http://127.0.0.1:\(held.port)" }.findings.map(\.code) == ["connect_failed"])
    }
  }

  @Test("TLS faults are told apart")
  func tls() async throws {
    let certificates = try TestCertificates.shared()
    for (identity, code) in [
      (certificates.expired, "tls_expired"), (certificates.wrongName, "tls_wrong_name"),
      (certificates.unknownAuthority, "tls_unknown_authority"),
    ] {
      try await ProviderTrial.run(identity: identity) { trial in
        let report = await report(trial) { $0.caFile = certificates.authorityFile }
        #expect(report.findings.map(\.code) == [code])
      }
    }
  }

  @Test("a lifetime under a minute, another clock and an unused connect_to are worth a word")
  func oddities() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.setHeaders([("Cache-Control", "no-store"), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")])
      let name = "http://127.0.0.1:\(trial.provider.port)"
      trial.provider.present(issuer: name, keysAddress: "http://localhost:\(trial.provider.port)/jwks")
      let report = await report(trial) { $0.connectTo = HostAndPort("127.0.0.1") }
      // url is an address already, so connect_to cannot hold for it.
      #expect(report.findings.map(\.code) == ["invalid_url"])
      let second = await self.report(trial)
      #expect(
        second.findings.map { "\($0.severity) \($0.code)" } == [
          "ok discovery", "ok keys", "ok short_lifetime", "warning clock_difference",
        ])
      #expect(second.findings.last?.found.contains("ahead of the provider's") == true)
    }
  }

  @Test("a cached answer's date is old by its age, not by a clock")
  func cachedAnswer() async throws {
    try await ProviderTrial.run { trial in
      let format = DateFormatter()
      format.locale = Locale(identifier: "en_US_POSIX")
      format.timeZone = TimeZone(identifier: "UTC")
      format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
      let date = ("Date", format.string(from: Date(timeIntervalSinceNow: -3600)))
      trial.provider.setHeaders([date, ("Age", "3600")])
      #expect(await report(trial).findings.map(\.code) == ["discovery", "keys", "no_cache_headers"])
      trial.provider.setHeaders([date])
      #expect(
        await report(trial).findings.map(\.code) == ["discovery", "keys", "no_cache_headers", "clock_difference"])
    }
  }

  @Test("connect_to that does not serve the keys is said")
  func connectToNotUsed() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.present(
        issuer: "http://localhost:\(trial.provider.port)", keysAddress: "http://127.0.0.1:\(trial.provider.port)/jwks")
      let report = await report(trial) { $0.connectTo = HostAndPort("127.0.0.1") }
      #expect(
        report.findings.map { "\($0.severity) \($0.code)" } == [
          "ok discovery", "warning connect_to_not_used", "ok keys", "ok no_cache_headers",
        ])
    }
  }
}
