import BearerTOML
import Testing

/// TOML 1.0 (https://toml.io/en/v1.0.0) section by section: what is read, and as what.
@Suite struct TOMLReaderTests {
  static let lines: [(String, String)] = [
    ("", "{}"), ("\n\r\n \t\n# only\n", "{}"), ("a=1", "{a: 1}"), ("a = 1 # b = 2", "{a: 1}"),
    ("\t a \t=\t 1 \t\n", "{a: 1}"), ("a = 1\r\nb = 2\r\n", "{a: 1, b: 2}"), ("a = 1#", "{a: 1}"),
    ("\u{FEFF}a = 1", "{a: 1}"), ("# ünïcödé \u{80} \t\na = 1", "{a: 1}"), ("# comment\r\na = 1", "{a: 1}"),
  ]

  static let keys: [(String, String)] = [
    ("A-Z_09 = 1", "{A-Z_09: 1}"), ("1234 = 1", "{1234: 1}"), ("-1 = 1", "{-1: 1}"), ("true = 1", "{true: 1}"),
    ("inf = 1", "{inf: 1}"), ("2001-02-03 = 1", "{2001-02-03: 1}"), (#""a b" = 1"#, "{a b: 1}"),
    (#""" = 1"#, "{: 1}"), ("'' = 1", "{: 1}"), (#"'a "b" \n' = 1"#, #"{a "b" \n: 1}"#),
    (#""\u00e9\t\"" = 1"#, "{é\t\": 1}"), ("\"é\" = 1", "{é: 1}"), ("3.14 = 1", "{3: {14: 1}}"),
    ("a.b.c = 1", "{a: {b: {c: 1}}}"), ("a . \"b.c\"\t.'d' = 1", "{a: {b.c: {d: 1}}}"),
    ("a.b = 1\na.c = 2", "{a: {b: 1, c: 2}}"), ("a.b = 1\nc = 2\na.d = 3", "{a: {b: 1, d: 3}, c: 2}"),
    ("a.b.c = 1\na.b.d = 2\na.e = 3", "{a: {b: {c: 1, d: 2}, e: 3}}"), ("A = 1\na = 2", "{A: 1, a: 2}"),
    (#"a = 1\#n"\u0061\u0062" = 2"#, "{a: 1, ab: 2}"),
  ]

  static let strings: [(String, String)] = [
    (#"a = """#, #"{a: ""}"#), ("a = ''", #"{a: ""}"#), (#"a = "b\b\t\n\f\r\"\\""#, "{a: \"b\u{8}\t\n\u{C}\r\"\\\"}"),
    (#"a = "\u00E9\U0001F600\uD7FF\uE000\U0010FFFF""#, "{a: \"é😀\u{D7FF}\u{E000}\u{10FFFF}\"}"),
    (#"a = "it's # no [comment]""#, #"{a: "it's # no [comment]"}"#),
    (#"a = 'C:\new\u0000"'"#, #"{a: "C:\new\u0000""}"#), ("a = \"tab\there\"", "{a: \"tab\there\"}"),
    ("a = 'tab\there'", "{a: \"tab\there\"}"), ("a = \"é\u{2028}\u{85}\"", "{a: \"é\u{2028}\u{85}\"}"),
  ]

  static let integers: [(String, String)] = [
    ("a = 0", "{a: 0}"), ("a = +0", "{a: 0}"), ("a = -0", "{a: 0}"), ("a = 42", "{a: 42}"), ("a = +99", "{a: 99}"),
    ("a = -17", "{a: -17}"), ("a = 1_000", "{a: 1000}"), ("a = 1_2_3_4", "{a: 1234}"),
    ("a = 9223372036854775807", "{a: 9223372036854775807}"), ("a = -9223372036854775808", "{a: -9223372036854775808}"),
    ("a = 9_223_372_036_854_775_807", "{a: 9223372036854775807}"), ("a = 0xDEADBEEF", "{a: 3735928559}"),
    ("a = 0xdead_beef", "{a: 3735928559}"), ("a = 0x00E1", "{a: 225}"),
    ("a = 0x7fffffffffffffff", "{a: 9223372036854775807}"),
    ("a = 0o0755", "{a: 493}"), ("a = 0o7_6", "{a: 62}"), ("a = 0b1101_0110", "{a: 214}"), ("a = 0b0", "{a: 0}"),
    ("a = true\nb = false", "{a: true, b: false}"),
  ]

  static let arrays: [(String, String)] = [
    ("a = []", "{a: []}"), ("a = [ ]", "{a: []}"), ("a = [1]", "{a: [1]}"), ("a = [1,2]", "{a: [1, 2]}"),
    ("a = [ 1 , 2 , ]", "{a: [1, 2]}"), ("a = [\n]", "{a: []}"), ("a = [ # ]\n 1, # one ,\r\n\n2 #\n,]", "{a: [1, 2]}"),
    (#"a = [1, "b", true, [2], { c = 3 }]"#, #"{a: [1, "b", true, [2], {c: 3}]}"#),
    ("a = [[],[[]]]", "{a: [[], [[]]]}"), (#"a = [ "]", '#' ]"#, "{a: [\"]\", \"#\"]}"),
    ("a = [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "{a: [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}"),
  ]

  static let tables: [(String, String)] = [
    ("[a]", "{a: {}}"), ("[a]\nb = 1", "{a: {b: 1}}"), ("[ a . \"b c\" . 'd' ] # x\n", "{a: {b c: {d: {}}}}"),
    ("[a]\n[b]\nc = 1", "{a: {}, b: {c: 1}}"), ("[a.b]\nc = 1\n[a]\nd = 2", "{a: {b: {c: 1}, d: 2}}"),
    ("[a.b.c]\n[a]\n[a.b]", "{a: {b: {c: {}}}}"), ("a = 1\n[b]\na = 2", "{a: 1, b: {a: 2}}"),
    ("[a]\nb.c = 1\nb.d = 2", "{a: {b: {c: 1, d: 2}}}"),
    ("[a]\nb.c = 1\n[a.b.d]\ne = 2", "{a: {b: {c: 1, d: {e: 2}}}}"),
    ("a.b = 1\n[a.c]\nd = 2", "{a: {b: 1, c: {d: 2}}}"), ("[\"\"]\n'' = 1", "{: {: 1}}"),
    ("[a.b]\nx = 1\n[c]\n[a.d]\ny = 2", "{a: {b: {x: 1}, d: {y: 2}}, c: {}}"),
    ("[[a]]", "{a: [{}]}"), ("[[a]]\nb = 1\n[[a]]\nb = 2", "{a: [{b: 1}, {b: 2}]}"),
    ("[[ a . b ]]\nc = 1", "{a: {b: [{c: 1}]}}"),
    ("[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 2", "{a: [{b: {c: 1}}, {b: {c: 2}}]}"),
    ("[[a]]\n[[a.b]]\nc = 1\n[[a.b]]\nc = 2\n[[a]]\n[[a.b]]", "{a: [{b: [{c: 1}, {c: 2}]}, {b: [{}]}]}"),
    ("[a.b]\n[[a.c]]\nd = 1", "{a: {b: {}, c: [{d: 1}]}}"),
    ("a = {}", "{a: {}}"), ("a = { }", "{a: {}}"), ("a = {b=1,c = \"d\"}", "{a: {b: 1, c: \"d\"}}"),
    ("a = { b.c = 1, b.d = 2, 'e f'.g = { h = 3 } }", "{a: {b: {c: 1, d: 2}, e f: {g: {h: 3}}}}"),
    ("a = { b = [\n1, # one\n2 ] }", "{a: {b: [1, 2]}}"), ("a = [ { b = 1 },\n{ b = 2 } ]", "{a: [{b: 1}, {b: 2}]}"),
  ]

  @Test("what TOML 1.0 allows is read", arguments: [lines, keys, strings, integers, arrays, tables].joined())
  func valid(_ text: String, _ expected: String) throws {
    #expect(try Self.shown(TOMLReader.read(Array(text.utf8))) == expected)
  }

  @Test("the line of each key, value and table is kept, through lists over several lines and dotted keys")
  func lineNumbers() throws {
    let text = """
      # [nothing]
      a = "[x]" # comment = 1
      f = [ # ]
        "g]", ']',
        { x = 1 },
      ]
      h.i = { j = 1, k = "}" }

      [ l . "m n" ]
      o = 1\r
      [[p]]
      q = 1
      [l]
      """
    let root = try TOMLReader.read(Array(text.utf8))
    #expect(root.entries.map(\.key) == ["a", "f", "h", "l", "p"])
    #expect(root.entries.map(\.line) == [2, 3, 7, 9, 11])
    let items = try #require(root["f"]?.value.array)
    #expect(items.map(\.line) == [4, 4, 5])
    let inline = try #require(root["h"]?.value.table?["i"]?.value.table)
    #expect(inline.line == 7)
    #expect(inline.entries.map(\.line) == [7, 7])
    #expect(root["l"]?.value.table?.line == 13)
    let inner = try #require(root["l"]?.value.table?["m n"])
    #expect(inner.line == 9)
    #expect(inner.value.table?["o"]?.line == 10)
    #expect(root["p"]?.value.array?.first?.table?["q"]?.line == 12)
  }

  @Test("a table of many keys and a list of many tables take time in proportion")
  func large() throws {
    let keys = (0..<100_000).map { "k\($0)=1" }.joined(separator: "\n")
    #expect(try TOMLReader.read(Array(keys.utf8)).entries.count == 100_000)
    let tables = String(repeating: "[[a]]\n", count: 150_000)
    #expect(try TOMLReader.read(Array(tables.utf8))["a"]?.value.array?.count == 150_000)
  }

  /// A value on one line, keys and texts as they are.
  static func shown(_ value: TOMLValue) -> String {
    switch value.content {
    case .string(let text): "\"\(text)\""
    case .integer(let number): "\(number)"
    case .boolean(let truth): "\(truth)"
    case .array(let values): "[" + values.map(shown).joined(separator: ", ") + "]"
    case .table(let table): shown(table)
    }
  }

  static func shown(_ table: TOMLTable) -> String {
    "{" + table.entries.map { "\($0.key): \(shown($0.value))" }.joined(separator: ", ") + "}"
  }
}

extension TOMLValue {
  /// The items, if the value is a list.
  var array: [TOMLValue]? {
    guard case .array(let values) = content else { return nil }
    return values
  }
}
