import ArgumentParser
import BearerClaims
import BearerDaemon
import BearerFetch
import BearerJSON
import BearerTOML
import Testing

@testable import BearerConfiguration
@testable import bearerd

@Suite struct RenderingTests {
  private let plain = Style(hasColour: false)

  private func reply(_ text: String) throws -> JSONObject {
    try #require(JSONValue(parsing: Array(text.utf8)).objectValue)
  }

  @Test("a refused token's trace shows the check that failed, what was expected and found, and what to change")
  func refusedTrace() throws {
    let reply = try reply(
      """
      {"ok":false,"error":{"code":"wrong_audience","category":"token","message":"the token is meant for somebody else",
      "status":401},"trace":[
      {"check":"form","result":"pass"},
      {"check":"type","result":"pass","expected":"at+jwt","found":"at+jwt"},
      {"check":"audience","result":"fail","expected":"https://api.example","found":["https://a.example","b"],
      "hint":"add one of these to audiences in [policy.default]"},
      {"check":"scope","result":"skip"}]}
      """)
    #expect(
      TraceTable(reply: reply, style: plain).lines() == [
        "✗ refused  wrong_audience",
        "  the token is meant for somebody else",
        "  answer with status 401",
        "",
        "  ✓ form",
        "  ✓ type      at+jwt",
        "  ✗ audience  expected  https://api.example",
        "              found     https://a.example, b",
        "              change    add one of these to audiences in [policy.default]",
        "  · scope     not checked",
      ])
  }

  @Test("a good token's trace says under which policy and for how long")
  func goodTrace() throws {
    let reply = try reply(
      #"{"ok":true,"policy":"default","issuer":"authgear","expires_in":3599,"trace":[{"check":"exp","result":"pass","found":"2026-11-23T13:00:00Z"}]}"#
    )
    #expect(
      TraceTable(reply: reply, style: plain).lines() == [
        "✓ good  policy default, issuer authgear, expires in 59m 59s", "", "  ✓ exp  2026-11-23T13:00:00Z",
      ])
  }

  @Test("what cannot be decided is not shown as refused, and a reply without a trace or code is shown all the same")
  func otherTraces() throws {
    let unavailable = try reply(
      #"{"ok":false,"error":{"code":"keys_unavailable","category":"unavailable","message":"m","status":503,"retry_after_ms":1500}}"#
    )
    #expect(
      TraceTable(reply: unavailable, style: plain).lines() == [
        "? not decided  keys_unavailable", "  m",
        "  answer with status 503; ask again in 1500 ms; bearerd status tells why",
      ])
    let ending = try reply(#"{"ok":false,"error":{"code":"shutting_down","category":"unavailable","status":503}}"#)
    #expect(
      TraceTable(reply: ending, style: plain).lines() == ["? not decided  shutting_down", "  answer with status 503"])
    #expect(TraceTable(reply: [:], style: plain).lines() == ["✗ refused  no error code in the reply"])
    let odd = try reply(#"{"ok":false,"trace":[{"result":"maybe"},7]}"#)
    #expect(
      TraceTable(reply: odd, style: plain).lines() == ["✗ refused  no error code in the reply", "", "  ✗ ?", "  ✗ ?"])
  }

  @Test("nothing from a token can move the cursor or turn text around")
  func harmless() throws {
    let reply = try reply(
      #"{"ok":false,"error":{"code":"wrong_type"},"trace":[{"check":"type","result":"fail","found":"\u001b[2J\u202e\u0085x"}]}"#
    )
    #expect(
      TraceTable(reply: reply, style: plain).lines().last == #"  ✗ type  found     \u{1b}[2J\u{202e}\u{85}x"#)
    let claims: JSONValue = ["a": "\u{9B}2J\u{202E}\u{E0001}é\n"]
    #expect(Style.harmless(json: claims.prettyPrinted()) == "{\n  \"a\": \"\\u009b2J\\u202e\\udb40\\udc01é\\n\"\n}")
  }

  @Test("colour surrounds words and changes no width")
  func colour() throws {
    let reply = try reply(#"{"ok":false,"error":{"code":"expired"},"trace":[{"check":"exp","result":"pass"}]}"#)
    #expect(
      TraceTable(reply: reply, style: Style(hasColour: true)).lines() == [
        "\u{1B}[31m✗ refused\u{1B}[0m  \u{1B}[1mexpired\u{1B}[0m", "", "  \u{1B}[32m✓\u{1B}[0m exp",
      ])
  }

  @Test("status is a line for the daemon and a table for each issuer")
  func status() throws {
    let reply = try reply(
      """
      {"ok":true,"version":"0.1.0","uptime_s":93784,"connections":3,"configuration":{"state":"ok"},"issuers":[
      {"issuer":"authgear","url":"https://a.example","state":"fresh","age_s":125,"last_error":null,"keys":[
      {"kid":"k1","alg":"RS256","kty":"RSA","usable":true},
      {"kid":"key-2","kty":"oct","usable":false,"problem":"symmetric"}]},
      {"issuer":"b","url":"https://b.example","state":"none","keys":[]}]}
      """)
    #expect(
      StatusTable(reply: reply, style: plain).lines() == [
        "bearerd 0.1.0, up 1d 2h",
        "  connections          3",
        "  configuration.state  ok",
        "",
        "authgear  https://a.example  fresh",
        "  age         2m 5s",
        "  last_error  -",
        "  KID    ALG    KTY  USABLE  PROBLEM",
        "  k1     RS256  RSA  yes     -",
        "  key-2  -      oct  no      symmetric",
        "",
        "b  https://b.example  none",
        "  no keys",
      ])
  }

  @Test("status sets off what needs attention, and nothing of a provider's text moves the cursor")
  func statusColour() throws {
    let reply = try reply(
      #"""
      {"ok":true,"version":"1","issuers":[
      {"issuer":"a","state":"fresh","keys":[{"kid":"\u001b[2J","usable":true},{"kid":"k2","usable":false}]},
      {"issuer":"b","state":"stale"},{"issuer":"c","state":"expired"},{"issuer":"d","state":"empty","keys":[]}]}
      """#)
    #expect(
      StatusTable(reply: reply, style: Style(hasColour: true)).lines() == [
        "\u{1B}[1mbearerd 1\u{1B}[0m",
        "",
        "\u{1B}[1ma\u{1B}[0m  \u{1B}[32mfresh\u{1B}[0m",
        "  \u{1B}[2mKID\u{1B}[0m        \u{1B}[2mUSABLE\u{1B}[0m",
        "  \\u{1b}[2J  \u{1B}[32myes\u{1B}[0m",
        "  k2         \u{1B}[31mno\u{1B}[0m",
        "",
        "\u{1B}[1mb\u{1B}[0m  \u{1B}[33mstale\u{1B}[0m",
        "",
        "\u{1B}[1mc\u{1B}[0m  \u{1B}[31mexpired\u{1B}[0m",
        "",
        "\u{1B}[1md\u{1B}[0m  \u{1B}[31mempty\u{1B}[0m",
        "  \u{1B}[31mno keys\u{1B}[0m",
      ])
  }

  @Test("status breaks long messages between words, under where they began")
  func statusWrapping() throws {
    let reply = try reply(
      #"{"ok":true,"version":"1","issuers":[{"issuer":"a","url":"https://a.example","state":"none","last_error":{"code":"x","message":"one two three four five six seven"},"waiting":0}]}"#
    )
    #expect(
      StatusTable(reply: reply, style: plain, width: 44).lines() == [
        "bearerd 1", "", "a  https://a.example  none",
        "  last_error.code     x",
        "  last_error.message  one two three four",
        "                      five six seven",
        "  waiting             0",
      ])
  }

  @Test("an issuer's probe tells what was found and what to mend")
  func probe() {
    let report = ProbeReport(
      issuer: "https://a.example/",
      findings: [
        .init(.ok, "discovery", found: "discovery answers"),
        .init(.warning, "clock_difference", found: "the clocks differ", advice: "synchronise them"),
        .init(.error, "issuer_trailing_slash", found: "the document says \u{1B}x", advice: "leave the slash out"),
      ])
    #expect(
      ProbeLines(name: "a", report: report, style: plain).lines() == [
        "✗ a  https://a.example/",
        "  ✓ discovery answers",
        "  ! the clocks differ (clock_difference)",
        "    mend: synchronise them",
        #"  ✗ the document says \u{1b}x (issuer_trailing_slash)"#,
        "    mend: leave the slash out",
      ])
  }

  @Test("a configuration's faults are a line each for logs and a paragraph each for people")
  func faults() {
    let faults = ConfigurationFaults(
      file: "/etc/b.toml",
      [
        ConfigurationFault(place: "socket", line: 3, found: "the integer 7", expected: "a path", message: "wrong type"),
        ConfigurationFault(place: "", line: 9, column: 2, message: "not TOML: one two three four"),
        ConfigurationFault(place: "--socket", message: "blank"),
      ])
    let text = FaultLines(faults: faults, style: plain)
    #expect(
      text.lines() == [
        "bearerd: the configuration cannot be used (3 faults):",
        "  /etc/b.toml: line 3: socket: wrong type; found the integer 7, expected a path",
        "  /etc/b.toml: line 9, column 2: not TOML: one two three four",
        "  --socket: blank",
      ])
    #expect(
      text.paragraphs(width: 26) == [
        "bearerd: the configuration cannot be used (3 faults):", "",
        "/etc/b.toml, line 3:", "socket", "  wrong type", "  found     the integer 7", "  expected  a path", "",
        "/etc/b.toml, line 9,", "column 2", "  not TOML: one two three", "  four", "",
        "--socket", "  blank",
      ])
  }

  @Test("check remarks on what is sound and probably not meant")
  func remarks() {
    let sound = Configuration(
      issuers: [IssuerConfiguration(name: "a", url: "https://a.example")],
      policies: [Policy(name: "default", issuers: ["a"], audiences: ["x"])])
    #expect(ConfigurationRemarks.remarks(on: sound) == [])
    var odd = Configuration(
      issuers: [IssuerConfiguration(name: "a", url: "https://a.example")],
      policies: [
        Policy(name: "p", issuers: ["b"], audiences: []) {
          $0.checksAudience = false
          $0.refusesSenderConstrained = false
        }
      ])
    odd.socketMode = 0o666
    odd.adminSocketPath = "/run/bearerd/admin.sock"
    #expect(
      ConfigurationRemarks.remarks(on: odd) == [
        "issuer.a is in no policy's issuers: its tokens are always refused; add it to those of a policy",
        "policy.p accepts tokens that are meant for anybody (audience_check = false); set audiences in its place, or "
          + "clients if the tokens have no aud",
        "policy.p accepts tokens bound to a key without asking for the proof; leave sender_constraint out, unless whoever "
          + "asks checks the proof against the token's cnf",
        "there is no [policy.default]: every request must name its policy; call a policy default unless that is meant",
        "socket_mode lets every user of this host ask; set it to \"0660\" and socket_group to a group of those who may, or "
          + "name them in [peer.NAME] tables",
        "admin_socket is in the directory of socket, which applications see; give it one that they do not, such as "
          + "/run/bearerd-admin/admin.sock",
      ])
  }

  @Test("each remark's remedies end it")
  func remedies() {
    let issuer = IssuerConfiguration(name: "a", url: "https://a.example")
    let named = Configuration(
      issuers: [issuer],
      policies: [
        Policy(name: "default", issuers: ["a"], audiences: []) {
          $0.checksAudience = false
          $0.clients = ["web"]
        }
      ])
    #expect(ConfigurationRemarks.remarks(on: named) == [])
    var peers = Configuration(
      issuers: [issuer], policies: [Policy(name: "default", issuers: ["a"], audiences: ["x"])],
      peers: [PeerConfiguration(name: "web", identity: .user(33))])
    peers.socketMode = 0o666
    peers.adminSocketPath = "/run/bearerd-admin/admin.sock"
    #expect(ConfigurationRemarks.remarks(on: peers) == [])
  }

  @Test("long lines are broken between words, under where they began")
  func wrapping() throws {
    let reply = try reply(
      #"{"ok":false,"error":{"code":"c"},"trace":[{"check":"aud","result":"fail","hint":"one two three four five six seven eight nine ten"}]}"#
    )
    #expect(
      TraceTable(reply: reply, style: plain, width: 46).lines().suffix(2) == [
        "  ✗ aud  change    one two three four five six",
        "                   seven eight nine ten",
      ])
    #expect(WrappedText.lines("abc defghij k", width: 4) == ["abc", "defghij", "k"])
    #expect(WrappedText.lines("", width: 4) == [""])
  }

  @Test("spans of time are told in their two largest units")
  func spans() {
    let spans: [(Int64, String)] = [
      (0, "0s"), (59, "59s"), (60, "1m"), (3_661, "1h 1m"), (86_400, "1d"), (90_061, "1d 1h"), (-5, "-5s"),
    ]
    for (seconds, text) in spans { #expect(ReadableDuration.text(seconds: seconds) == text) }
  }

  @Test("a token from standard input loses one line end and nothing else")
  func standardInput() throws {
    #expect(try StandardInput.token(Array("a.b.c\n".utf8)) == "a.b.c")
    #expect(try StandardInput.token(Array("a.b.c\r\n".utf8)) == "a.b.c")
    #expect(try StandardInput.token(Array("a.b.c\n\n".utf8)) == "a.b.c\n")
    #expect(try StandardInput.token(Array(" a.b.c ".utf8)) == " a.b.c ")
    #expect(try StandardInput.token([]) == "")
    #expect(throws: StandardInput.Fault.notText) { try StandardInput.token([0xFF]) }
  }

  @Test("every option becomes a member of the request, and what is empty is sent as it is")
  func request() throws {
    let options = try TokenOptions.parse([
      "t", "--policy", "p", "--audience", "a", "--audience", "b", "--scope", "x", "--scope", "y z", "--max-age", "5",
      "--acr-values", "gold", "--nonce", "n", "--deadline-ms", "100", "--explain",
    ])
    let line = JSONValue.object(options.request(operation: "verify", token: "t")).serialized()
    #expect(
      String(decoding: line, as: UTF8.self)
        == #"{"op":"verify","token":"t","policy":"p","audience":["a","b"],"scope":"x y z","max_age":5,"acr_values":"gold","nonce":"n","deadline_ms":100,"explain":true}"#
    )
    let empty = try TokenOptions.parse(["--authorization", "", "--scope", "", "--policy", ""])
    #expect(
      empty.request(operation: "introspect", token: "")
        == ["op": "introspect", "authorization": "", "policy": "", "scope": ""])
  }
}
