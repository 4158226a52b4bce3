import Testing

@testable import BearerDaemon

@Suite struct ConfigurationDocumentTests {
  @Test("text that is not TOML is refused with line and column")
  func notTOML() {
    #expect(faults("socket = \"a\nb\"").hasPrefix("line 1, column 12: not TOML: "))
    #expect(faults("a = 1\na = 2").hasPrefix("line 2, column 5: not TOML: "))
    #expect(faults("[issuer.a]\n[issuer.a]").hasPrefix("line 2, column 1: not TOML: "))
  }

  @Test("bytes that are not UTF-8 are refused with their line")
  func notUTF8() {
    #expect(throws: ConfigurationFault(place: "", line: 2, message: "the file is not UTF-8")) {
      try ConfigurationDocument(parsing: Array("a = 1\nb = \"".utf8) + [0xFF, 0x22])
    }
  }

  @Test(
    "a NUL cannot cut off a text or a value",
    arguments: ["a = 1\n\0b = 2", "\nb = \"x\\u0000y\"", "\n'k' = \"\\U00000000\""])
  func nul(_ text: String) {
    #expect(faults(text).hasPrefix("line 2: "))
    #expect(
      faults(text).hasSuffix("NUL byte in the file") || faults(text).hasSuffix("a string has a NUL character in it"))
  }

  @Test("a NUL escape in a literal string is four other characters")
  func literalString() throws {
    let document = try ConfigurationDocument(parsing: Array(#"a = 'x\u0000y'"#.utf8))
    #expect(document.root == ["a": .string(#"x\u0000y"#)])
  }

  @Test(
    "nesting that could overflow the stack is refused before the library sees it",
    arguments: [
      String(repeating: "a.", count: 400_000) + "a = 1",
      "[" + String(repeating: "a.", count: 400_000) + "a]",
      "a = " + String(repeating: "[", count: 400_000),
      "a = " + String(repeating: "{a=", count: 300_000),
      "a = { " + String(repeating: "a.", count: 400_000) + "a = 1 }",
      "a = { x = \"\"\"a\"b\"\"\", " + String(repeating: "a.", count: 400_000) + "a = 1 }",
      "a = [ 'it''s', " + String(repeating: "[", count: 400_000),
    ])
  func nesting(_ text: String) {
    #expect(faults(text) == "line 1: tables, arrays or dotted keys are nested more than 16 deep")
  }

  @Test(
    "a table's header without a name is a fault, and does not end the process",
    arguments: ["[# x]\n", "[\n", "[ = ]", "[.a]", "[[[a]]]", "[[#", "[ [a] ]"])
  func headerWithoutName(_ text: String) {
    #expect(faults("a = 1\n" + text) == "line 2: not TOML: a table's header without a name")
  }

  @Test(
    "a time, or a text without quotes, is a fault, and does not end the process",
    arguments: [
      "b = 1980-05-27T\u{1F}7:32:04 ", "b = 1980-05-27T:7", "b = [1980-05-27t/7:32:04]",
      "b = { c = 1980-05-27T07:32:00Z }",
      "b = 07:32:00", "b = https://id.example",
    ])
  func colonWithoutQuotes(_ text: String) {
    #expect(
      faults("a = 1 # :\n" + text + "\nc = 1\n")
        == "line 2: a value with a colon in it stands without quotes; write \"…\" around it")
  }

  @Test("lines are found through comments, strings of all kinds, lists over several lines and dotted keys")
  func lines() throws {
    let text = """
      # [nothing]
      a = "[x]" # comment = 1
      b = ""\"
      c = 1 ""\"
      d = '''
      "e = 1'''
      f = [ # ]
        "g]", ']',
      ]
      h.i = { j = 1, k = "}" }

      [ l . "m n" ]
      o = 1
      [[p]]
      q = 1
      """
    let document = try ConfigurationDocument(parsing: Array(text.utf8))
    let lines: [[String]: Int] = [
      ["a"]: 2, ["b"]: 3, ["d"]: 5, ["f"]: 7, ["h"]: 10, ["h", "i"]: 10, ["h", "i", "j"]: 10, ["l"]: 12,
      ["l", "m n"]: 12, ["l", "m n", "o"]: 13, ["p"]: 14, ["p", "q"]: 15,
    ]
    for (path, line) in lines { #expect(document.line(of: path) == line, "\(path)") }
    #expect(document.line(of: ["c"]) == nil)
    #expect(document.line(of: ["e"]) == nil)
  }

  @Test("a byte order mark and lines that end in CR LF are read")
  func otherEditors() throws {
    let text = "\u{FEFF}" + soundText.replacing("\n", with: "\r\n")
    #expect(try configuration(text).issuers.map(\.url) == ["https://a.example"])
    #expect(faults(text + "x = 1\r\n").hasPrefix("line 5: policy.default.x: unknown key"))
  }
}
