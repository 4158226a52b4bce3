import BearerJSON
import Testing

@testable import bearerd

@Suite struct ExitStatusTests {
  @Test(
    "the status follows from ok and the category, and fails closed",
    arguments: [
      (#"{"ok":true}"#, 0), (#"{"ok":true,"error":{"category":"token"}}"#, 0),
      (#"{"ok":false,"error":{"category":"token"}}"#, 1), (#"{"ok":false,"error":{"category":"policy"}}"#, 1),
      (#"{"ok":false,"error":{"category":"request"}}"#, 64), (#"{"ok":false,"error":{"category":"unavailable"}}"#, 75),
      (#"{"ok":false,"error":{"category":"forbidden"}}"#, 77), (#"{"ok":false,"error":{"category":"new"}}"#, 1),
      (#"{"ok":false}"#, 1), ("{}", 1), (#"{"ok":"true"}"#, 1), (#"{"ok":1}"#, 1), (#"{"ok":null}"#, 1),
      (#"{"error":{"category":7}}"#, 1),
    ] as [(String, Int32)])
  func status(_ reply: String, _ expected: Int32) throws {
    let members = try #require(JSONValue(parsing: Array(reply.utf8)).objectValue)
    #expect(ExitStatus(reply: members).rawValue == expected)
  }

  @Test("ping --ready wants the daemon's word that it is ready")
  func ready() {
    #expect(PingCommand.status(of: ["ok": true], mustBeReady: false) == .holds)
    #expect(PingCommand.status(of: ["ok": true, "ready": true], mustBeReady: true) == .holds)
    #expect(PingCommand.status(of: ["ok": true, "ready": false], mustBeReady: true) == .undecided)
    #expect(PingCommand.status(of: ["ok": true], mustBeReady: true) == .undecided)
    #expect(PingCommand.status(of: ["ok": false], mustBeReady: true) == .refused)
  }

  @Test("a daemon that says that there are too many connections answers a ping, but does not say that it is ready")
  func full() {
    let full: JSONObject = ["ok": false, "error": ["code": "too_many_connections", "category": "unavailable"]]
    #expect(PingCommand.status(of: full, mustBeReady: false) == .holds)
    #expect(PingCommand.status(of: full, mustBeReady: true) == .undecided)
    let ending: JSONObject = ["ok": false, "error": ["code": "shutting_down", "category": "unavailable"]]
    #expect(PingCommand.status(of: ending, mustBeReady: false) == .undecided)
    let other: JSONObject = ["ok": false, "error": ["code": "too_many_connections", "category": "token"]]
    #expect(PingCommand.status(of: other, mustBeReady: false) == .refused)
  }
}
