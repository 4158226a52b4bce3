import BearerTOML
import Testing

@testable import BearerConfiguration

@Suite struct ConfigurationFaultTests {
  /// A line that replaces one of a sound file, and the one fault that it is to give.
  struct Case: CustomTestStringConvertible {
    var text: String
    var fault: String
    var testDescription: String { text }

    static func top(_ line: String, _ fault: String) -> Case {
      Case(text: line + "\n" + soundText, fault: "line 1: " + fault)
    }
    static func issuer(_ line: String, _ fault: String) -> Case {
      Case(
        text: "[policy.default]\naudiences = [\"api\"]\n[issuer.a]\nurl = \"https://a.example\"\n" + line,
        fault: "line 5: " + fault)
    }
    static func policy(_ line: String, _ fault: String) -> Case {
      Case(text: soundText + line, fault: "line 5: " + fault)
    }
    static func limit(_ line: String, _ fault: String) -> Case {
      Case(text: soundText + "[limits]\n" + line, fault: "line 6: " + fault)
    }
    static func whole(_ text: String, _ fault: String) -> Case { Case(text: text, fault: fault) }
  }

  static let levels = #""trace", "debug", "info", "notice", "warning", "error", "critical""#
  static let socketExpectation = "an absolute path of at most 107 bytes that names a file"
  static let duration = #"an integer and one of ms, s, m, h, d, such as "30s""#
  static let scheme = "an https:// address, or http:// on loopback (127.0.0.0/8, [::1], localhost)"
  static let algorithms =
    "some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, Ed25519, Ed448, EdDSA"
  static let claims = "a string, an integer, true or false, or a list of such"

  static let topLevel: [Case] = [
    .top(#"sokcet = "/run/x""#, #"sokcet: unknown key; did you mean "socket"?"#),
    .top(#"socket-mode = "0660""#, ##"socket-mode: unknown key; did you mean "socket_mode"?"##),
    .top(
      "answer = 42",
      "answer: unknown key; expected one of socket, socket_mode, socket_group, admin_socket, watch_config, state_directory, snapshot_max_age, log_level, log_format, ready_wait, issuer, policy, peer, limits"
    ),
    .top(#"socket = "bearerd.sock""#, #"socket: not acceptable; found "bearerd.sock", expected \#(socketExpectation)"#),
    .top(#"socket = "/run/""#, #"socket: not acceptable; found "/run/", expected \#(socketExpectation)"#),
    .top(#"socket = "  ""#, #"socket: blank; found the string "  ", expected \#(socketExpectation)"#),
    .top(#"socket = 7"#, "socket: wrong type; found the integer 7, expected \(socketExpectation)"),
    .top(
      #"socket_mode = "0668""#,
      #"socket_mode: not acceptable; found "0668", expected permissions in octal, such as "0660""#),
    .top(
      #"socket_mode = "4755""#,
      #"socket_mode: not acceptable; found "4755", expected permissions in octal, such as "0660""#),
    .top(
      "socket_mode = 0o660",
      #"socket_mode: wrong type; found the integer 432, expected permissions in octal, such as "0660""#),
    .top(#"socket_group = """#, #"socket_group: blank; found the string "", expected a group's name"#),
    .top(#"state_directory = "x""#, #"state_directory: not acceptable; found "x", expected an absolute path"#),
    .top(
      #"log_level = "verbose""#, #"log_level: unknown word; found "verbose", expected one of \#(levels)"#),
    .top(
      #"log_level = "Info""#,
      #"log_level: unknown word; did you mean "info"?; found "Info", expected one of \#(levels)"#),
    .top(#"ready_wait = "10""#, #"ready_wait: not a duration; found "10", expected \#(duration)"#),
    .top(#"ready_wait = "-1s""#, #"ready_wait: not a duration; found "-1s", expected \#(duration)"#),
    .top(#"ready_wait = "1.5s""#, #"ready_wait: not a duration; found "1.5s", expected \#(duration)"#),
    .top(#"ready_wait = "10 s""#, #"ready_wait: not a duration; found "10 s", expected \#(duration)"#),
    .top(
      #"ready_wait = "9223372036854775807d""#,
      #"ready_wait: not a duration; found "9223372036854775807d", expected \#(duration)"#),
    .top("ready_wait = 10", "ready_wait: wrong type; found the integer 10, expected \(duration)"),
    .whole("[policy.default]\naudiences = [\"a\"]", "issuer: there is none; expected at least one table [issuer.NAME]"),
    .whole(
      "[issuer.a]\nurl = \"https://a.example\"", "policy: there is none; expected at least one table [policy.NAME]"),
    .whole(
      soundText + "[group.web]\nuid = 33",
      "line 5: group: unknown key; expected one of socket, socket_mode, socket_group, admin_socket, watch_config, state_directory, snapshot_max_age, log_level, log_format, ready_wait, issuer, policy, peer, limits"
    ),
    .whole(
      "[policy.default]\naudiences = [\"a\"]\n[issuer]\nurl = \"https://a.example\"",
      #"line 4: issuer.url: this key belongs into a table with a name; found the string "https://a.example", expected a table [issuer.NAME]"#
    ),
    .whole(
      "[policy.default]\naudiences = [\"a\"]\n[issuer.\"a b\"]\nurl = \"https://a.example\"",
      #"line 3: issuer."a b": not a name for use in requests and logs; expected 1 to 64 of the characters A-Z a-z 0-9 . _ -"#
    ),
    .whole(
      "issuer = 1\n[policy.default]\naudiences = [\"a\"]",
      "line 1: issuer: wrong type; found the integer 1, expected at least one table [issuer.NAME]"),
    .top("limits = []", "limits: wrong type; found an empty list, expected a table [limits]"),
  ]

  static let issuer: [Case] = [
    .issuer(#"refesh = "10m""#, #"issuer.a.refesh: unknown key; did you mean "refresh"?"#),
    .issuer(#"refresh = "500ms""#, #"issuer.a.refresh: out of bounds; found "500ms", expected from 1s to 3653d"#),
    .issuer(#"max_stale = "4000d""#, #"issuer.a.max_stale: not a duration; found "4000d", expected \#(duration)"#),
    .issuer(
      #"unknown_key_cooldown = "0s""#,
      #"issuer.a.unknown_key_cooldown: out of bounds; found "0s", expected from 1s to 3653d"#),
    .issuer(#"key_wait = "61s""#, #"issuer.a.key_wait: out of bounds; found "61s", expected from 0s to 1m"#),
    .issuer(#"timeout = "0s""#, #"issuer.a.timeout: out of bounds; found "0s", expected from 1ms to 5m"#),
    .issuer(#"ca_file = "ca.pem""#, #"issuer.a.ca_file: not acceptable; found "ca.pem", expected an absolute path"#),
    .issuer(
      #"connect_to = "10.0.0.5:""#,
      #"issuer.a.connect_to: not acceptable; found "10.0.0.5:", expected host or host:port, such as "10.0.0.5:8443" or "[fd00::5]:8443""#
    ),
    .issuer(
      #"connect_to = "10.0.0.5:70000""#,
      #"issuer.a.connect_to: not acceptable; found "10.0.0.5:70000", expected host or host:port, such as "10.0.0.5:8443" or "[fd00::5]:8443""#
    ),
    .issuer(
      #"proxy = "socks5://user:secret@10.0.0.1""#,
      #"issuer.a.proxy: not the address of a proxy; expected an http:// address, such as "http://10.0.0.1:3128""#),
    .whole(
      "[issuer.a]\nurl = \"https://a.example\"\nclient_key = \"/etc/k.pem\"\n[policy.default]\naudiences = [\"api\"]",
      "line 1: issuer.a.client_certificate: is missing beside client_key; expected both keys or neither"),
    .issuer(
      #"jwks_uri = "http://keys.example""#,
      #"issuer.a.jwks_uri: plain http to another host; found "http://keys.example", expected \#(scheme)"#),
    .issuer(
      #"jwks_uri = "https://user:secret@keys.example""#,
      #"issuer.a.jwks_uri: the address holds user information (user@); found "https://…@keys.example", expected \#(scheme)"#
    ),
    .issuer(
      #"jwks_uri = "http://keys.example/k?token=secret""#,
      #"issuer.a.jwks_uri: plain http to another host; found "http://keys.example/k?…", expected \#(scheme)"#),
    .issuer(
      #"jwks_uri = "https://keys.example/k?token=secret#x""#,
      #"issuer.a.jwks_uri: the address has a fragment (#); found "https://keys.example/k?…", expected \#(scheme)"#),
    .issuer(
      "jwks_uri = \"https://user:secret@\u{301}keys.example\"",
      "issuer.a.jwks_uri: the address holds a character that is not ASCII or a space (names are written in xn-- form); "
        + "found \"https://…@\u{301}keys.example\", expected \(scheme)"),
    .issuer(
      #"connect_to = "https://user:secret@keys.example""#,
      #"issuer.a.connect_to: not acceptable; found "https://…@keys.example", expected host or host:port, such as "10.0.0.5:8443" or "[fd00::5]:8443""#
    ),
    .whole(
      "[policy.default]\naudiences = [\"a\"]\n[issuer]\njwks_uri = \"https://user:secret@keys.example/k?token=secret\"",
      #"line 4: issuer.jwks_uri: this key belongs into a table with a name; found the string "https://…@keys.example/k?…", expected a table [issuer.NAME]"#
    ),
    .issuer(
      #"jwks_uri = "keys""#,
      #"issuer.a.jwks_uri: the address does not begin with https:// (or http://); found "keys", expected \#(scheme)"#),
    .issuer(
      #"jwks_file = "k.json""#, #"issuer.a.jwks_file: not acceptable; found "k.json", expected an absolute path"#),
    .issuer(
      "algorithms = []",
      #"issuer.a.algorithms: empty list; found an empty list, expected a list of algorithm names, such as ["RS256"], or no such key"#
    ),
    .issuer(
      #"algorithms = "RS256""#,
      #"issuer.a.algorithms: wrong type; found the string "RS256", expected a list of algorithm names, such as ["RS256"], such as ["RS256"]"#
    ),
    .issuer(
      #"algorithms = ["RS256", 5]"#,
      #"issuer.a.algorithms: item 2 has the wrong type; found the integer 5, expected a list of algorithm names, such as ["RS256"]"#
    ),
    .issuer(
      #"algorithms = ["RS256", " "]"#,
      #"issuer.a.algorithms: item 2 is blank; found the string " ", expected a list of algorithm names, such as ["RS256"]"#
    ),
    .issuer(
      #"algorithms = ["rs256"]"#,
      #"issuer.a.algorithms: unknown algorithm; did you mean "RS256"?; found "rs256", expected \#(algorithms)"#),
    .issuer(
      #"algorithms = ["RSA-OAEP"]"#,
      #"issuer.a.algorithms: unknown algorithm; found "RSA-OAEP", expected \#(algorithms)"#),
    .issuer(
      #"algorithms = ["HS256"]"#,
      #"issuer.a.algorithms: HMAC is never accepted: whoever can verify such a token can also make one, and a public key could pass for the secret; found "HS256", expected \#(algorithms)"#
    ),
    .issuer(
      #"algorithms = ["none"]"#,
      #"issuer.a.algorithms: "none" is no signature: anybody can write such a token; found "none", expected \#(algorithms)"#
    ),
    .whole(
      "[issuer.a]\nurl = \"http://a.example\"\n[policy.default]\naudiences = [\"api\"]",
      #"line 2: issuer.a.url: plain http to another host; found "http://a.example", expected \#(scheme)"#),
    .whole(
      "[issuer.a]\nurl = \"http://127.0.0.1.example\"\n[policy.default]\naudiences = [\"api\"]",
      #"line 2: issuer.a.url: plain http to another host; found "http://127.0.0.1.example", expected \#(scheme)"#),
    .whole(
      "[issuer.a]\nurl = \"https://a.example?x\"\n[policy.default]\naudiences = [\"api\"]",
      #"line 2: issuer.a.url: keys cannot be discovered there; found "https://a.example?…", expected an address without ? (OpenID Connect Discovery 1.0 section 3), or a key jwks_uri"#
    ),
    .whole(
      "[issuer.a]\n[policy.default]\naudiences = [\"api\"]",
      #"line 1: issuer.a.url: is missing; expected what the tokens have as iss, such as "https://your-project.authgear.cloud""#
    ),
    .whole(
      """
      [issuer.a]
      url = "https://a.example"
      jwks_uri = "https://a.example/jwks"
      jwks_file = "/etc/jwks.json"
      [policy.default]
      audiences = ["api"]
      """,
      "line 4: issuer.a.jwks_file: stands beside jwks_uri; expected one of the two, or neither for discovery"),
    .whole(
      """
      [issuer.a]
      url = "anything"
      jwks_file = "/etc/jwks.json"
      connect_to = "10.0.0.1:443"
      [policy.default]
      audiences = ["api"]
      """,
      "line 4: issuer.a.connect_to: has no effect beside jwks_file, which needs no network; expected no such key"),
    .whole(
      """
      [issuer.a]
      url = "https://a.example"
      [issuer.b]
      url = "https://a.example"
      [policy.default]
      issuers = ["a", "b"]
      audiences = ["api"]
      """,
      #"line 4: issuer.b.url: the same url as issuer.a; found "https://a.example", expected a url of its own"#),
  ]

  static let policy: [Case] = [
    .policy(#"audience = "x""#, #"policy.default.audience: unknown key; did you mean "audiences"?"#),
    .policy(
      "audience_check = false",
      "policy.default.audience_check: stands beside audiences; found false, expected audiences, or audience_check = false"
    ),
    .policy(
      #"audience_check = "no""#,
      #"policy.default.audience_check: wrong type; found the string "no", expected true or false"#),
    .policy(
      #"token_type = "acces""#,
      #"policy.default.token_type: unknown word; did you mean "access"?; found "acces", expected one of "access", "id", "any""#
    ),
    .policy(#"leeway = "6m""#, #"policy.default.leeway: out of bounds; found "6m", expected from 0s to 5m"#),
    .policy(
      "scopes = []",
      "policy.default.scopes: empty list; found an empty list, expected a list of strings, or no such key"),
    .policy(
      #"scopes = ["a b"]"#,
      #"policy.default.scopes: white space in an item; found "a b", expected one string for each, such as ["a", "b"]"#),
    .policy(
      #"clients = "web""#,
      #"policy.default.clients: wrong type; found the string "web", expected a list of strings, such as ["web"]"#),
    .policy(
      #"claims = "x""#,
      #"policy.default.claims: wrong type; found the string "x", expected a table of claims and values, such as { token_use = "access" }"#
    ),
    .policy(
      "claims = {}",
      #"policy.default.claims: empty table; found an empty table, expected a table of claims and values, such as { token_use = "access" }"#
    ),
    .policy(
      "claims = { a = {} }", "policy.default.claims.a: wrong type; found an empty table, expected \(claims)"),
    .policy(
      #"claims = { "https://x.example/a" = [] }"#,
      #"policy.default.claims."https://x.example/a": empty list; found an empty list, expected \#(claims)"#),
    .policy(#"claims = { a = "" }"#, #"policy.default.claims.a: blank; found the string "", expected \#(claims)"#),
    .policy("max_age = 300", "policy.default.max_age: wrong type; found the integer 300, expected \(duration)"),
    .policy(
      #"sender_constraint = "allow""#,
      #"policy.default.sender_constraint: unknown word; found "allow", expected one of "refuse", "ignore""#),
    .policy(
      #"realm = "a\"b""#,
      #"policy.default.realm: not acceptable; found "a\"b", expected visible ASCII characters and spaces, without " and \"#
    ),
    .policy(
      #"resource_metadata = "http://a.example""#,
      #"policy.default.resource_metadata: not acceptable; found "http://a.example", expected an https:// address, or http:// on loopback, without credentials and #"#
    ),
    .policy(
      #"issuers = ["b"]"#,
      #"policy.default.issuers: there is no such issuer; found "b", expected some of a"#),
    .whole(
      "[issuer.authgear]\nurl = \"https://a.example\"\n[policy.p]\naudiences = [\"a\"]\nissuers = [\"autgear\"]",
      #"line 5: policy.p.issuers: there is no such issuer; did you mean "authgear"?; found "autgear", expected some of authgear"#
    ),
    .whole(
      "[issuer.a]\nurl = \"https://a.example\"\n[policy.p]",
      "line 3: policy.p.audiences: is missing; expected a list with what the tokens have as aud, or audience_check = false to accept tokens meant for anybody"
    ),
    .whole(
      "[issuer.a]\nurl = \"https://a.example\"\n[policy.p]\ntoken_type = \"id\"\naudience_check = false",
      "line 5: policy.p.audience_check: an ID token's audience is always checked (OpenID Connect Core 1.0 section 3.1.3.7); found false, expected audiences with the client's id"
    ),
    .whole(
      """
      [issuer.a]
      url = "https://a.example"
      [issuer.b]
      url = "https://b.example"
      [policy.default]
      audiences = ["api"]
      """,
      "line 5: policy.default.issuers: is missing while there are several issuers; expected some of a, b"),
  ]

  static let limits: [Case] = [
    .limit(
      "in_flight = 0", "limits.in_flight: out of bounds; found the integer 0, expected an integer from 1 to 1000000"),
    .limit(
      "connections = -1",
      "limits.connections: out of bounds; found the integer -1, expected an integer from 1 to 1000000"),
    .limit(
      #"token_cache_bytes = "16M""#,
      #"limits.token_cache_bytes: wrong type; found the string "16M", expected an integer from 1 to 1073741824"#),
    .limit(
      "line_bytes = 1048577",
      "limits.line_bytes: out of bounds; found the integer 1048577, expected an integer from 1 to 1048576"),
    .limit("in_fligt = 3", #"limits.in_fligt: unknown key; did you mean "in_flight"?"#),
    .limit(
      #"write_timeout = "0s""#, #"limits.write_timeout: out of bounds; found "0s", expected from 1ms to 1d"#),
    .limit(
      "line_bytes = 1024",
      "limits.line_bytes: a token that long cannot arrive in a line; found line_bytes 1024 and token_bytes 16384, expected token_bytes of at most line_bytes"
    ),
  ]

  @Test("each fault outside the tables has its place and words", arguments: topLevel)
  func topLevelFault(_ example: Case) { #expect(faults(example.text) == example.fault) }

  @Test("each fault of an issuer has its place and words", arguments: issuer)
  func issuerFault(_ example: Case) { #expect(faults(example.text) == example.fault) }

  @Test("each fault of a policy has its place and words", arguments: policy)
  func policyFault(_ example: Case) { #expect(faults(example.text) == example.fault) }

  @Test("each fault of a limit has its place and words", arguments: limits)
  func limitFault(_ example: Case) { #expect(faults(example.text) == example.fault) }

  @Test("all faults are told at once, in the order of the file")
  func allFaults() {
    let text = """
      socket = "x"
      [issuer.a]
      url = 5
      refresh = "soon"
      [policy.default]
      audiences = []
      leeway = "1h"
      [limits]
      in_flight = 0
      """
    let expected = [
      #"line 1: socket: not acceptable; found "x", expected \#(Self.socketExpectation)"#,
      "line 3: issuer.a.url: wrong type; found the integer 5, expected \(Self.scheme)",
      #"line 4: issuer.a.refresh: not a duration; found "soon", expected \#(Self.duration)"#,
      "line 6: policy.default.audiences: empty list; found an empty list, expected a list with what the tokens have as "
        + "aud, or audience_check = false to accept tokens meant for anybody",
      #"line 7: policy.default.leeway: out of bounds; found "1h", expected from 0s to 5m"#,
      "line 9: limits.in_flight: out of bounds; found the integer 0, expected an integer from 1 to 1000000",
    ]
    #expect(faults(text) == expected.joined(separator: "\n"))
  }
}
