import Testing

@Suite struct TranscriptReaderTests {
  @Test("directives are read with their lines, words as in a shell, and blocks")
  func reads() throws {
    let steps = try TranscriptReader.read(
      """
      # a comment
      issuer idp RS256
      file a.toml
      | [a]
      |
      | b = 1

      token t = mint idp --claim 'a="b c"' --scope ""
      > {"op":"ping"}
      < {"ok":true}
      >
      raw a\\n\\x16\\\\
      $ bearerd verify - <<< ${t}
      stdout {…}
      exit 0
      """)
    #expect(
      steps == [
        Step(line: 2, directive: .issuer("idp", algorithm: "RS256")),
        Step(line: 3, directive: .file("a.toml", content: "[a]\n\nb = 1\n")),
        Step(line: 8, directive: .mint(token: "t", arguments: ["idp", "--claim", "a=\"b c\"", "--scope", ""])),
        Step(line: 9, directive: .send(#"{"op":"ping"}"#)),
        Step(line: 10, directive: .reply(#"{"ok":true}"#)),
        Step(line: 11, directive: .send("")),
        Step(line: 12, directive: .raw([0x61, 0x0A, 0x16, 0x5C])),
        Step(
          line: 13,
          directive: .run(
            arguments: ["verify", "-"], input: "${t}", expected: .init(output: ["{…}"], error: [], status: 0))),
      ])
  }

  @Test(
    "what is no directive is refused",
    arguments: [
      "sned {}", "<", "connect a b", "log", "signal KILL", "fill 3 ab", "fill x a", "raw \\q", "token t = borrow a",
      "token t mint idp", "$ ls\nexit 0", "$ bearerd ping", "$ bearerd ping\nstdin a\nexit 0", "issuer", "| a",
      "publish idp", "closed now", " < {}", "$ bearerd 'ping\nexit 0", "up",
    ])
  func refuses(_ text: String) {
    #expect(throws: TranscriptFault.self) { try TranscriptReader.read(text) }
  }

  @Test(
    "wildcards match within a string or number, or anything at all",
    arguments: [
      (#"{"a":"…","b":…}"#, #"{"a":"x","b":12}"#, true),
      (#"{"a":"…","b":1}"#, #"{"a":"x","c":2,"b":1}"#, false),
      (#"{"a":"…"}"#, #"{"a":""}"#, true),
      (#"{"a":…}"#, #"{"a":"x"}"#, false),
      (#"{"a":……}"#, #"{"a":{"x":"y"}}"#, true),
      (#"{"a":……,"z":1}"#, #"{"a":{"x":"y"}}"#, false),
      ("a", "ab", false), ("ab", "a", false), ("", "", true), ("……", "", true),
    ])
  func wildcards(_ pattern: String, _ line: String, _ matches: Bool) {
    #expect(LinePattern(pattern).matches(line) == matches)
  }
}
