import BearerTOML
import Testing

/// What is refused, where, and in which words.
@Suite struct TOMLFaultTests {
  static func fault(_ bytes: [UInt8]) -> String {
    do throws(ConfigurationFault) {
      _ = try TOMLReader.read(bytes)
      return "read"
    } catch {
      return error.description
    }
  }

  static let noKey = "not TOML: a key is expected"
  static let noValue = "not TOML: a value is expected"
  static let rest = "not TOML: something follows that does not belong on this line"
  static let noEnd = "not TOML: this string does not end on its line"
  static let escape = #"not TOML: \ stands only before b t n f r " \ uXXXX UXXXXXXXX; write \\ for the sign itself"#
  static let unicode = #"not TOML: \u takes 4 and \U 8 hexadecimal digits of a Unicode character"#
  static let bare = #"not TOML: neither true, false nor an integer; write "…" around a text"#
  static let range = "an integer must lie between -9223372036854775808 and 9223372036854775807"

  static let lines: [(String, String)] = [
    ("a", "1, column 2: not TOML: = must follow a key"), ("a b = 1", "1, column 3: not TOML: = must follow a key"),
    ("= 1", "1, column 1: \(noKey)"), ("a = 1 b = 2", "1, column 7: \(rest)"), ("a = 1,", "1, column 6: \(rest)"),
    ("a = \"b\" c", "1, column 9: \(rest)"), ("a =", "1, column 4: \(noValue)"), ("a =\n1", "1, column 4: \(noValue)"),
    ("a = # 1", "1, column 5: \(noValue)"), ("a == 1", "1, column 4: \(bare)"), ("\n\n!", "3, column 1: \(noKey)"),
    ("a = 1\rb = 2", "1, column 6: \(rest)"), ("a = 1\r", "1, column 6: \(rest)"), ("\ra = 1", "1, column 1: \(rest)"),
    ("# a\rb", "1, column 4: not TOML: a control character (13) stands here"),
    ("# a\u{0}", "1, column 4: not TOML: a control character (0) stands here"),
    ("# é\u{1F}", "1, column 4: not TOML: a control character (31) stands here"),
    ("# \u{7F}", "1, column 3: not TOML: a control character (127) stands here"),
    ("a = 1\u{0}", "1, column 5: \(bare)"), ("\u{0}a = 1", "1, column 1: \(noKey)"),
    ("a\u{0} = 1", "1, column 2: not TOML: = must follow a key"),
    ("\u{C}a = 1", "1, column 1: \(noKey)"), ("a = 1\n\u{FEFF}b = 1", "2, column 1: \(noKey)"),
  ]

  static let keys: [(String, String)] = [
    ("é = 1", "1, column 1: \(noKey)"), ("a. = 1", "1, column 4: \(noKey)"), (".a = 1", "1, column 1: \(noKey)"),
    ("a..b = 1", "1, column 3: \(noKey)"), ("a#b = 1", "1, column 2: not TOML: = must follow a key"),
    ("\"a\nb\" = 1", "1, column 1: \(noEnd)"), ("'a\nb' = 1", "1, column 1: \(noEnd)"),
    ("\"a = 1", "1, column 1: \(noEnd)"),
    (#""\a" = 1"#, "1, column 2: \(escape)"), ("[1] = 1", "1, column 5: \(rest)"),
    ("a = 1\na = 2", "2, column 1: a: not TOML: stands on line 1 already"),
    ("a = 1\n\"\\u0061\" = 2", "2, column 1: a: not TOML: stands on line 1 already"),
    ("a.b = 1\na.b = 2", "2, column 3: a.b: not TOML: stands on line 1 already"),
    ("a = 1\na.b = 2", "2, column 1: a: not TOML: stands on line 1 already"),
    ("a.b = 1\na = 2", "2, column 1: a: not TOML: stands on line 1 already"),
    ("a = \"x\"\na.b.c = 2", "2, column 1: a: not TOML: stands on line 1 already"),
  ]

  static let strings: [(String, String)] = [
    ("a = \"b", "1, column 5: \(noEnd)"), ("a = 'b", "1, column 5: \(noEnd)"),
    ("a = \"b\nc\"", "1, column 5: \(noEnd)"),
    ("a = \"b\rc\"", "1, column 5: \(noEnd)"), ("a = 'b\r\nc'", "1, column 5: \(noEnd)"),
    ("a = 'it's'", "1, column 9: \(rest)"),
    ("a = \"\\", "1, column 6: not TOML: the file ends within a string"), (#"a = "\""#, "1, column 5: \(noEnd)"),
    (#"a = "\a""#, "1, column 6: \(escape)"), (#"a = "\e""#, "1, column 6: \(escape)"),
    (#"a = "\x41""#, "1, column 6: \(escape)"),
    (#"a = "\ ""#, "1, column 6: \(escape)"), (#"a = "\/""#, "1, column 6: \(escape)"),
    ("a = \"\\\n\"", "1, column 6: \(escape)"),
    (#"a = "\N""#, "1, column 6: \(escape)"), (#"a = "\u123""#, "1, column 6: \(unicode)"),
    (#"a = "\u12G4""#, "1, column 6: \(unicode)"),
    (#"a = "\U0000041""#, "1, column 6: \(unicode)"), (#"a = "\uD800""#, "1, column 6: \(unicode)"),
    (#"a = "\uDFFF""#, "1, column 6: \(unicode)"), (#"a = "\U00110000""#, "1, column 6: \(unicode)"),
    (#"a = "\UFFFFFFFF""#, "1, column 6: \(unicode)"), (#"a = "\u+041""#, "1, column 6: \(unicode)"),
    (#"a = "\u"#, "1, column 6: \(unicode)"),
    ("a = \"\u{1}\"", "1, column 6: not TOML: a control character (1) stands here"),
    ("a = \"\u{7F}\"", "1, column 6: not TOML: a control character (127) stands here"),
    ("a = '\u{8}'", "1, column 6: not TOML: a control character (8) stands here"),
    ("a = \"é\u{B}\"", "1, column 7: not TOML: a control character (11) stands here"),
  ]

  static let values: [(String, String)] = [
    ("a = True", "1, column 5: \(bare)"), ("a = TRUE", "1, column 5: \(bare)"), ("a = tru", "1, column 5: \(bare)"),
    ("a = truefalse", "1, column 5: \(bare)"), ("a = b", "1, column 5: \(bare)"), ("a = null", "1, column 5: \(bare)"),
    ("a = 01", "1, column 5: \(bare)"), ("a = -01", "1, column 5: \(bare)"), ("a = +01", "1, column 5: \(bare)"),
    ("a = 0_1", "1, column 5: \(bare)"), ("a = 00", "1, column 5: \(bare)"), ("a = _1", "1, column 5: \(bare)"),
    ("a = 1_", "1, column 5: \(bare)"), ("a = 1__2", "1, column 5: \(bare)"), ("a = -", "1, column 5: \(bare)"),
    ("a = +", "1, column 5: \(bare)"), ("a = --1", "1, column 5: \(bare)"), ("a = +-1", "1, column 5: \(bare)"),
    ("a = - 1", "1, column 5: \(bare)"), ("a = 1 2", "1, column 7: \(rest)"), ("a = 1-2", "1, column 5: \(bare)"),
    ("a = 0x", "1, column 5: \(bare)"), ("a = 0xG", "1, column 5: \(bare)"), ("a = 0X1", "1, column 5: \(bare)"),
    ("a = +0x1", "1, column 5: \(bare)"), ("a = -0x1", "1, column 5: \(bare)"), ("a = 0x_1", "1, column 5: \(bare)"),
    ("a = 0x1_", "1, column 5: \(bare)"), ("a = 0o8", "1, column 5: \(bare)"), ("a = 0O7", "1, column 5: \(bare)"),
    ("a = 0o", "1, column 5: \(bare)"), ("a = 0b2", "1, column 5: \(bare)"), ("a = 0B1", "1, column 5: \(bare)"),
    ("a = 0b_1", "1, column 5: \(bare)"), ("a = 0x-1", "1, column 5: \(bare)"), ("a = 0x1.5", "1, column 5: \(bare)"),
    ("a = 1a", "1, column 5: \(bare)"), ("a = ١", "1, column 5: \(bare)"), ("a = 10s", "1, column 5: \(bare)"),
    ("a = 9223372036854775808", "1, column 5: \(range)"), ("a = -9223372036854775809", "1, column 5: \(range)"),
    ("a = 0xffffffffffffffff", "1, column 5: \(range)"), ("a = 0x8000000000000000", "1, column 5: \(range)"),
    ("a = 0o1000000000000000000000", "1, column 5: \(range)"), ("a = 99999999999999999999999", "1, column 5: \(range)"),
    ("a = https//id.example", "1, column 5: \(bare)"), ("a = https://id.example", "1, column 5: \(bare)"),
  ]

  static let floats = "numbers with a fraction or an exponent are not supported"
  static let dates = "dates and times are not supported; write \"…\" around a text"
  static let multiline = #"strings over several lines are not supported; write one line with \n in it"#

  static let unsupported: [(String, String)] = [
    ("a = 1.5", "1, column 5: \(floats)"), ("a = -0.01", "1, column 5: \(floats)"),
    ("a = 5e+22", "1, column 5: \(floats)"),
    ("a = 1E6", "1, column 5: \(floats)"), ("a = 6.626e-34", "1, column 5: \(floats)"),
    ("a = inf", "1, column 5: \(floats)"),
    ("a = -nan", "1, column 5: \(floats)"), ("a = [1, 2.0]", "1, column 9: \(floats)"),
    ("a = 1.", "1, column 5: \(floats)"),
    ("a = 1979-05-27", "1, column 5: \(dates)"), ("a = 1979-05-27T07:32:00Z", "1, column 5: \(dates)"),
    ("a = 1979-05-27 07:32:00", "1, column 5: \(dates)"), ("a = 07:32:00", "1, column 5: \(dates)"),
    ("a = { b = 1979-05-27t07:32:00.9+01:00 }", "1, column 11: \(dates)"), ("a = 2000-13-99", "1, column 5: \(dates)"),
    ("a = \"\"\"b\"\"\"", "1, column 5: \(multiline)"), ("a = '''\nb'''", "1, column 5: \(multiline)"),
    ("\"\"\"a\"\"\" = 1", "1, column 1: \(multiline)"), ("a = [\n'''b''']", "2, column 1: \(multiline)"),
    (#"a = "\u0000""#, "1, column 6: the character U+0000 is not supported"),
    (#"a = "b\U00000000""#, "1, column 7: the character U+0000 is not supported"),
  ]

  static let arrays: [(String, String)] = [
    ("a = [", "1, column 6: \(noValue)"), ("a = [1", "1, column 7: not TOML: , or ] must follow an item of a list"),
    ("a = [1 2]", "1, column 8: not TOML: , or ] must follow an item of a list"),
    ("a = [,]", "1, column 6: \(noValue)"),
    ("a = [1,,2]", "1, column 8: \(noValue)"), ("a = [1,\n# x", "2, column 4: \(noValue)"),
    ("a = ]", "1, column 5: \(noValue)"),
    ("a = [1]]", "1, column 8: \(rest)"), ("a = [ b = 1 ]", "1, column 7: \(bare)"),
    ("a = [1\rb]", "1, column 7: \(rest)"), ("a = [\"b]", "1, column 6: \(noEnd)"),
    ("a = {", "1, column 6: \(noKey)"),
    ("a = { b = 1", "1, column 12: not TOML: , or } must follow on the line of an inline table"),
    ("a = { b = 1, }", "1, column 14: \(noKey)"), ("a = { , b = 1 }", "1, column 7: \(noKey)"),
    ("a = { b = 1,, c = 2 }", "1, column 13: \(noKey)"),
    ("a = { b = 1 c = 2 }", "1, column 13: not TOML: , or } must follow on the line of an inline table"),
    ("a = {\nb = 1 }", "1, column 6: \(noKey)"),
    ("a = { b = 1\n}", "1, column 12: not TOML: , or } must follow on the line of an inline table"),
    ("a = { b = 1 # c\n}", "1, column 13: not TOML: , or } must follow on the line of an inline table"),
    ("a = { b }", "1, column 9: not TOML: = must follow a key"),
    ("a = { 1, 2 }", "1, column 8: not TOML: = must follow a key"),
    ("a = { b = 1, b = 2 }", "1, column 14: a.b: not TOML: stands on line 1 already"),
    ("a = { b.c = 1, b = 2 }", "1, column 16: a.b: not TOML: stands on line 1 already"),
    ("a = { b = { c = 1 }, b.d = 2 }", "1, column 22: a.b: not TOML: stands on line 1 already"),
    ("[x]\na = { b = {}, b.d = 2 }", "2, column 15: x.a.b: not TOML: stands on line 2 already"),
  ]

  static let tables: [(String, String)] = [
    ("[", "1, column 2: \(noKey)"), ("[]", "1, column 2: \(noKey)"), ("[ ]", "1, column 3: \(noKey)"),
    ("[# x]", "1, column 2: \(noKey)"),
    ("[a", "1, column 3: not TOML: a table's header ends with ]"), ("[a.]", "1, column 4: \(noKey)"),
    ("[.a]", "1, column 2: \(noKey)"),
    ("[a b]", "1, column 4: not TOML: a table's header ends with ]"),
    ("[a\n]", "1, column 3: not TOML: a table's header ends with ]"),
    ("[a]]", "1, column 4: \(rest)"), ("[a] b = 1", "1, column 5: \(rest)"), ("[a][b]", "1, column 4: \(rest)"),
    ("[[a]", "1, column 5: not TOML: a table's header ends with ]]"),
    ("[[a] ]", "1, column 5: not TOML: a table's header ends with ]]"), ("[ [a]]", "1, column 3: \(noKey)"),
    ("[[]]", "1, column 3: \(noKey)"),
    ("[[[a]]]", "1, column 3: \(noKey)"), ("[é]", "1, column 2: \(noKey)"),
    ("[a = 1]", "1, column 4: not TOML: a table's header ends with ]"),
    ("[a]\n[a]", "2, column 2: a: not TOML: stands on line 1 already"),
    ("[a.b]\n[a]\n[a.b]", "3, column 4: a.b: not TOML: stands on line 1 already"),
    ("[a.b]\n[a]\n[a]", "3, column 2: a: not TOML: stands on line 1 already"),
    ("[a]\nb = 1\n[a.b]", "3, column 4: a.b: not TOML: stands on line 2 already"),
    ("[a]\nb = 1\n[a.b.c]", "3, column 4: a.b: not TOML: stands on line 2 already"),
    ("[a]\nb.c = 1\n[a.b]", "3, column 4: a.b: not TOML: stands on line 2 already"),
    ("a.b = 1\n[a]", "2, column 2: a: not TOML: stands on line 1 already"),
    ("[a]\nb.c.d = 1\n[a.b.c]", "3, column 6: a.b.c: not TOML: stands on line 2 already"),
    ("[a.b]\nc = 1\n[a]\nb.d = 2", "4, column 1: a.b: not TOML: stands on line 1 already"),
    ("[a.b.c]\nd = 1\n[a]\nb.c.e = 2", "4, column 3: a.b.c: not TOML: stands on line 1 already"),
    ("[a.b.c]\n[a]\nb.d = 1\n[a.b]", "4, column 4: a.b: not TOML: stands on line 1 already"),
    ("a = {}\n[a]", "2, column 2: a: not TOML: stands on line 1 already"),
    ("a = {}\n[a.b]", "2, column 2: a: not TOML: stands on line 1 already"),
    ("a = { b = {} }\n[a.b.c]", "2, column 2: a: not TOML: stands on line 1 already"),
    ("a = {}\na.b = 1", "2, column 1: a: not TOML: stands on line 1 already"),
    ("[a]\nb = {}\nb.c = 1", "3, column 1: a.b: not TOML: stands on line 2 already"),
    ("a = []\n[[a]]", "2, column 3: a: not TOML: stands on line 1 already"),
    ("a = [{}]\n[a.b]", "2, column 2: a: not TOML: stands on line 1 already"),
    ("[[a]]\n[a]", "2, column 2: a: not TOML: stands on line 1 already"),
    ("[a]\n[[a]]", "2, column 3: a: not TOML: stands on line 1 already"),
    ("[a.b]\n[[a]]", "2, column 3: a: not TOML: stands on line 1 already"),
    ("[[a]]\n[a.b]\n[[a.b]]", "3, column 5: a.b: not TOML: stands on line 2 already"),
    ("[[a]]\n[[a.b]]\n[a.b]", "3, column 4: a.b: not TOML: stands on line 2 already"),
    ("[[a.b]]\n[a]\nb.c = 1", "3, column 1: a.b: not TOML: stands on line 1 already"),
    ("a.b = 1\n[[a]]", "2, column 3: a: not TOML: stands on line 1 already"),
  ]

  @Test(
    "what TOML 1.0 forbids is refused, with line and column",
    arguments: [lines, keys, strings, values, arrays, tables].joined())
  func invalid(_ text: String, _ expected: String) {
    #expect(Self.fault(Array(text.utf8)) == "line \(expected)")
  }

  @Test("what this reader leaves out of TOML is refused by name", arguments: unsupported)
  func notSupported(_ text: String, _ expected: String) {
    #expect(Self.fault(Array(text.utf8)) == "line \(expected)")
  }

  @Test("bytes that are not UTF-8 are refused with their line")
  func notUTF8() {
    #expect(Self.fault(Array("a = 1\nb = \"".utf8) + [0xFF, 0x22]) == "line 2: the file is not UTF-8")
    for bytes: [UInt8] in [
      [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3], [0x80], [0xFE, 0xFF],
    ] {
      #expect(Self.fault(Array("# ".utf8) + bytes) == "line 1: the file is not UTF-8")
    }
  }

  @Test(
    "nesting that could exhaust the stack is refused",
    arguments: [
      ("", "a.", 400_000, "a = 1"), ("[", "a.", 400_000, "a]"), ("a = ", "[", 400_000, ""),
      ("a = ", "{a=", 300_000, ""), ("a = { ", "a.", 400_000, "a = 1 }"), ("a = [ 'its', ", "[", 400_000, ""),
      ("", "a.", 16, "a = 1"), ("a = ", "[", 17, ""),
    ])
  func nesting(before: String, repeated: String, count: Int, after: String) {
    let text = before + String(repeating: repeated, count: count) + after
    #expect(Self.fault(Array(text.utf8)).hasSuffix("tables, lists or dotted keys are nested more than 16 deep"))
  }

  @Test(
    "keys that only look the same are refused, and told apart by their characters",
    arguments: [
      (
        "\"caf\u{E9}\" = 1\n\"cafe\u{301}\" = 2",
        #"2, column 1: "cafe\#u{301}": looks like the key on line 1, but has U+0065 where that has U+00E9"#
      ),
      (
        "\"cafe\u{301}\" = 1\n\"caf\\u00e9\" = 2",
        #"2, column 1: "caf\#u{E9}": looks like the key on line 1, but has U+00E9 where that has U+0065"#
      ),
      (
        "[policy.K]\n[policy.\"\u{212A}\"]",
        #"2, column 9: policy."\#u{212A}": looks like the key on line 1, but has U+212A where that has U+004B"#
      ),
      (
        "policy.\"\u{212A}\".a = 1\npolicy.K.b = 2",
        "2, column 8: policy.K: looks like the key on line 1, but has U+004B where that has U+212A"
      ),
      (
        "[[K]]\n[[\"\u{212A}\"]]",
        #"2, column 3: "\#u{212A}": looks like the key on line 1, but has U+212A where that has U+004B"#
      ),
      (
        "[K.a]\n[\"\u{212A}\".b]",
        #"2, column 2: "\#u{212A}": looks like the key on line 1, but has U+212A where that has U+004B"#
      ),
      (
        "x = { \"\u{1E9B}\u{323}\" = 1, \"\u{17F}\u{323}\u{307}\" = 2 }",
        "1, column 17: x.\"\u{17F}\u{323}\u{307}\": looks like the key on line 1, but has U+017F where that has U+1E9B"
      ),
    ])
  func twins(_ text: String, _ expected: String) {
    #expect(Self.fault(Array(text.utf8)).utf8.elementsEqual("line \(expected)".utf8))
  }

  @Test("a key is looked up by its bytes")
  func bytes() throws {
    let table = try TOMLReader.read(Array("\"\u{212A}\" = 1".utf8))
    #expect(table["K"] == nil)
    #expect(table["\u{212A}"]?.line == 1)
    var reader = TableReader(table, at: [], keys: ["K"])
    #expect(reader["K"] == nil)
    #expect(!reader.has("K"))
    #expect(reader.integer("K", in: 0...9) == nil)
    #expect(reader.faults.map(\.message) == [#"unknown key; did you mean "K"?"#])
  }

  @Test("what was found cannot disturb a terminal and is bounded")
  func quoting() {
    #expect(ConfigurationFault.quoted("a\u{1B}[31m\u{202E}\"\\") == #""a\u{1b}[31m\u{202e}\"\\""#)
    #expect(
      ConfigurationFault.quoted(String(repeating: "x", count: 81)) == "\"" + String(repeating: "x", count: 80) + "…\"")
  }
}
