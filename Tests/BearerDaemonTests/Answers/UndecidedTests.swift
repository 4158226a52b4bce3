import BearerDevIssuer
import BearerJSON
import BearerTestKit
import Testing

@testable import BearerDaemon

/// Tokens whose signature cannot be checked.
@Suite("Signatures that cannot be checked") struct UndecidedTests {
  @Test("without memory for libcrypto a token is neither good nor bad, and nothing is remembered of it")
  func starved() async {
    await #expect(processExitsWith: .success) {
      try #require(StarvedLibcrypto.install())
      let fixture = AnswersFixture(limits: .tokenCache(1 << 20))
      try await fixture.run {
        let good = try AnswersFixture.token()
        let known = try AnswersFixture.token()
        let signature = try #require(known.split(separator: ".").last)
        let bad = good.split(separator: ".").dropLast().joined(separator: ".") + ".\(signature)"
        let expired = try AnswersFixture.token { $0.isExpired = true }
        #expect(try fixture.verify(known).verdict == "ok")

        StarvedLibcrypto.allow(0)
        let undecided = try [good, bad].map { try fixture.verify($0) }
        let introspection = try fixture.verify(good, op: "introspect")
        let decided = try [expired, "a.b.c", known].map { try fixture.verify($0) }
        StarvedLibcrypto.allow(.max)

        for reply in undecided + [introspection] {
          #expect(
            reply == [
              "ok": false,
              "error": [
                "code": "verification_unavailable", "category": "unavailable",
                "message":
                  "The signature could not be checked, probably for want of memory; the token may be good.",
                "status": 503, "retry_after_ms": 1000,
              ],
            ])
        }
        // What is known without libcrypto is said all the same.
        #expect(decided.map(\.verdict) == ["expired", "malformed_token", "ok"])
        #expect(try [good, bad].map { try fixture.verify($0).verdict } == ["ok", "bad_signature"])
        #expect(
          try await fixture.status()["counts"] == [
            "accepted": 3, "malformed_token": 1, "bad_signature": 1, "expired": 1, "verification_unavailable": 3,
          ])
      }
    }
  }
}
