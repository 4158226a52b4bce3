import BearerJOSE
import BearerKeys
import BearerTestKit
import Logging
import Testing

@testable import BearerDaemon

/// What the log tells of an issuer's keys.
@Suite struct KeysLogTests {
  private let log = CapturedLog()

  private func snapshot() throws -> KeySnapshot {
    let keys = IssuerKeys(settings: RefreshSettings(), source: ScriptedKeySource())
    keys.restore(with: try AnswersFixture.fetched("k1"), age: .zero)
    return try #require(keys.snapshot)
  }

  @Test(
    "of a row of failures the first, second, fourth, eighth … is a warning, so that an outage does not fill the log")
  func failures() {
    for number in 1...9 {
      log.logger.forIssuer("idp").tell(
        .failed(FetchFault(.dnsFailed, found: "what was found"), consecutiveFailures: number))
    }
    #expect(log.lines.count == 4)
    for (line, number) in zip(log.lines, [1, 2, 4, 8]) {
      #expect(line.hasPrefix("warning key refresh failed; the keys are as they were "))
      for part in [
        #""bearerd.issuer": idp"#, #""bearerd.code": dns_failed"#, #""bearerd.detail": What was found."#,
        #""bearerd.failures": \#(number)"#,
      ] { #expect(line.contains(part), "\(line)") }
    }
  }

  @Test("each bound that keys pass is told, the worse the louder")
  func health() {
    for health: KeysHealth in [.fresh, .stale(age: .seconds(700)), .expired] { log.logger.tell(.health(health)) }
    #expect(
      log.lines == [
        "info keys are fresh [:]", "warning keys are stale and still used [:]",
        "error keys have expired; tokens of this issuer cannot be verified [:]",
      ])
  }

  @Test("a private key that a provider publishes is an error, once for each set that has one, used or not")
  func publishedKey() throws {
    let key = try TestKey(kid: "k1", members: #""d":"AQ""#)
    let body = Array(TestKey.set(key, try TestKey(kid: "k2")).utf8)
    for isUsed in [true, false] {
      let set = try KeySet(parsing: body, algorithms: [.es256], usesPublishedPrivateKeys: isUsed)
      let keys = IssuerKeys(settings: RefreshSettings(), source: ScriptedKeySource())
      keys.restore(with: FetchedKeys(keys: set, body: body, lifetime: nil), age: .zero)
      let snapshot = try #require(keys.snapshot)
      log.logger.tell(.replaced(snapshot, KeySetChange(keys: 1, added: [], removed: [], changed: false)))
      log.logger.tell(.confirmed(snapshot))
    }
    let line =
      "error the key set holds the private part of a key: whoever can read it can sign; have it replaced at once [:]"
    #expect(log.lines == [line, line])
  }

  @Test("a changed set is told with what came and went, and nothing of a provider's text leaves its line")
  func changes() throws {
    let snapshot = try snapshot()
    let kids = ["new\nline\u{7F}", String(repeating: "x", count: 100)] + (0..<20).map { "k\($0)" }
    log.logger.tell(.replaced(snapshot, KeySetChange(keys: 22, added: kids, removed: ["old"], changed: true)))
    log.logger.tell(.replaced(snapshot, KeySetChange(keys: 22, added: [], removed: [], changed: false)))
    log.logger.tell(.confirmed(snapshot))
    log.logger.tell(.restored(snapshot))
    #expect(log.lines.count == 1)
    let line = try #require(log.lines.first)
    #expect(line.hasPrefix("notice key set replaced "))
    #expect(line.contains("new?line?"))
    #expect(!line.contains(String(repeating: "x", count: 65)) && line.contains(String(repeating: "x", count: 64)))
    #expect(line.contains("k13") && !line.contains("k14"))
    #expect(line.contains(#""bearerd.removed": ["old"]"#) && line.contains(#""bearerd.keys": 22"#))
  }
}
