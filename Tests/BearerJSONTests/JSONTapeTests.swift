import Testing

@testable import BearerJSON

/// The first fault of a text, or `nil` if it is accepted.
private func fault(_ bytes: [UInt8]) -> JSONError? {
  var tape = JSONTape()
  do throws(JSONError) {
    try tape.read(bytes.span)
    return nil
  } catch {
    return error
  }
}

private func fault(_ text: String) -> JSONError? { fault(Array(text.utf8)) }

@Suite("Strict JSON")
struct JSONTapeTests {
  @Test(
    "faults are named with their place",
    arguments: [
      ("", JSONError(.unexpectedEnd, at: 0)),
      ("  ", JSONError(.unexpectedEnd, at: 2)),
      ("\u{FEFF}{}", JSONError(.unexpectedByte, at: 0)),
      ("{} x", JSONError(.trailingBytes, at: 3)),
      ("{}{}", JSONError(.trailingBytes, at: 2)),
      ("[1,]", JSONError(.unexpectedByte, at: 3)),
      (#"{"a":1,}"#, JSONError(.unexpectedByte, at: 7)),
      (#"{"a" 1}"#, JSONError(.unexpectedByte, at: 5)),
      (#"{"a":"#, JSONError(.unexpectedEnd, at: 5)),
      (#"{a:1}"#, JSONError(.unexpectedByte, at: 1)),
      ("01", JSONError(.trailingBytes, at: 1)),
      ("-", JSONError(.unexpectedEnd, at: 1)),
      ("1.", JSONError(.unexpectedEnd, at: 2)),
      ("1.x", JSONError(.unexpectedByte, at: 2)),
      ("1e+", JSONError(.unexpectedEnd, at: 3)),
      ("+1", JSONError(.unexpectedByte, at: 0)),
      ("NaN", JSONError(.unexpectedByte, at: 0)),
      ("nul", JSONError(.unexpectedEnd, at: 3)),
      ("nulL", JSONError(.unexpectedByte, at: 3)),
      ("\"a\u{1F}\"", JSONError(.controlCharacter, at: 2)),
      ("\"a\nb\"", JSONError(.controlCharacter, at: 2)),
      (#""\x41""#, JSONError(.invalidEscape, at: 1)),
      (#""\u00g0""#, JSONError(.invalidEscape, at: 1)),
      (#""\u12"#, JSONError(.unexpectedEnd, at: 5)),
      (#""abc"#, JSONError(.unexpectedEnd, at: 4)),
      (#""\ud800""#, JSONError(.loneSurrogate, at: 1)),
      (#""\udc00""#, JSONError(.loneSurrogate, at: 1)),
      (#""\ud800\ud800""#, JSONError(.loneSurrogate, at: 1)),
      (#""\ud800\n""#, JSONError(.loneSurrogate, at: 1)),
      (#"{"a":1,"a":2}"#, JSONError(.duplicateMember, at: 7)),
      (#"{"a":1,"\u0061":2}"#, JSONError(.duplicateMember, at: 7)),
      (#"{"\u0061":1,"b":0,"a":2}"#, JSONError(.duplicateMember, at: 18)),
      (#"{"x":{"/":1,"\/":2}}"#, JSONError(.duplicateMember, at: 12)),
    ] as [(String, JSONError)])
  func faults(text: String, expected: JSONError) {
    #expect(fault(text) == expected)
  }

  @Test(
    "bytes that are not UTF-8 are refused where they stand",
    arguments: [
      [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
      [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xE2, 0x82], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
    ] as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    #expect(fault([0x22, 0x61] + bytes + [0x22]) == JSONError(.invalidUTF8, at: 2))
  }

  @Test("every well-formed sequence of UTF-8 is accepted at its edges")
  func validUTF8() {
    let scalars: [Unicode.Scalar] = [
      "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}",
    ]
    for scalar in scalars { #expect(fault("\"\(scalar)\"") == nil) }
  }

  @Test("a special byte is found at every place of a step of eight or thirty-two bytes")
  func specialBytes() {
    for length in 0..<80 {
      for place in 0...length {
        let before = String(repeating: "a", count: place)
        let after = String(repeating: " ~!#[]", count: length)
        #expect(fault("\"\(before)\u{1}\(after)\"") == JSONError(.controlCharacter, at: place + 1))
        #expect(fault("\"\(before)\\n\(after)\"") == nil)
        #expect(
          fault(Array("\"\(before)".utf8) + [0xFF] + Array("\(after)\"".utf8)) == JSONError(.invalidUTF8, at: place + 1)
        )
        #expect(fault("\"\(before)\"\(after)")?.offset == (length == 0 ? nil : place + 3))
      }
    }
  }

  @Test("nesting is accepted to 32 levels and refused at 33")
  func depth() {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    #expect(fault(nested(32)) == nil)
    #expect(fault(nested(33)) == JSONError(.tooDeep, at: 32))
    #expect(fault(String(repeating: #"{"a":"#, count: 33)) == JSONError(.tooDeep, at: 160))
    #expect(fault(String(repeating: "[", count: 1_000_000)) == JSONError(.tooDeep, at: 32))
  }

  @Test(
    "duplicates are found among many members, whatever their order and spelling", arguments: [2, 8, 15, 16, 17, 500])
  func manyMembers(count: Int) {
    let names = (0..<count).map { "\"member\($0)\":0" }
    #expect(fault("{" + names.joined(separator: ",") + "}") == nil)
    for name in names.prefix(20) {
      #expect(fault("{" + (names + [name]).joined(separator: ",") + "}")?.kind == .duplicateMember)
    }
    #expect(fault("{" + (names + [#""member1":1"#]).joined(separator: ",") + "}")?.kind == .duplicateMember)
    #expect(fault("{" + (["\"\\u006dember1\":1"] + names).joined(separator: ",") + "}")?.kind == .duplicateMember)
  }

  @Test("a tape that is reused forgets the text before, also after a fault")
  func reuse() throws {
    var tape = JSONTape()
    try tape.read(Array(#"{ "a" : [1,2,3] }"#.utf8).span)
    #expect(tape.count == 6)
    #expect(tape.hasInsignificantSpace)
    #expect(throws: JSONError(.unexpectedEnd, at: 1)) { try tape.read(Array("[".utf8).span) }
    #expect(tape.count == 0)
    #expect(!tape.rootIsObject)
    try tape.read(Array("{}".utf8).span)
    #expect(tape.count == 1)
    #expect(!tape.hasInsignificantSpace)
  }

  @Test("integers are written in decimal", arguments: [0, 7, -1, 10, -120, 12345, Int64.max, Int64.min])
  func decimal(value: Int64) {
    var line = Array("x".utf8)
    line.append(decimal: value)
    #expect(line == Array("x\(value)".utf8))
  }

  @Test("a value's source is copied as it came, without insignificant space")
  func source() throws {
    let text = Array(" { \"n\" : -0.10E+2 , \"s\" : \"a \\u0062 \\/\" , \"l\" : [ 1 , { } , [ ] ] } ".utf8)
    var tape = JSONTape()
    try tape.read(text.span)
    var line: [UInt8] = []
    tape.appendSource(0, text.span, to: &line)
    #expect(String(decoding: line, as: UTF8.self) == #"{"n":-0.10E+2,"s":"a \u0062 \/","l":[1,{},[]]}"#)
  }

  @Test("members are found by their unescaped name, strings compared by their unescaped value")
  func lookUp() throws {
    let text = Array(#"{"\u0069ss":"https:\/\/a","é":1,"n":{"iss":2}}"#.utf8)
    var tape = JSONTape()
    try tape.read(text.span)
    let issuer = tape.value(of: "iss", text.span) ?? 0
    let equalsStatic = tape.string(issuer, equals: "https://a", text.span)
    let equalsBytes = tape.string(issuer, equals: Array("https://a".utf8), text.span)
    let equalsOther = tape.string(issuer, equals: "https://b", text.span)
    #expect([equalsStatic, equalsBytes, equalsOther] == [true, true, false])
    let number = tape.value(of: "é", text.span).flatMap { tape.integer($0, text.span) }
    #expect(number == 1)
    let missing = tape.value(of: "missing", text.span)
    #expect(missing == nil)
    let inner = tape.value(of: "n", text.span) ?? 0
    let nested = tape.value(of: Array("iss".utf8), in: inner, text.span).flatMap { tape.integer($0, text.span) }
    #expect(nested == 2)
  }

  @Test(
    "integers are integers only, and never overflow",
    arguments: [
      ("0", 0), ("-0", 0), ("12", 12), ("9223372036854775807", .max), ("9223372036854775808", nil),
      ("-9223372036854775808", .min), ("-9223372036854775809", nil), ("1.0", nil), ("1e3", nil),
      ("99999999999999999999999999", nil),
    ] as [(String, Int64?)])
  func integers(text: String, value: Int64?) throws {
    var tape = JSONTape()
    let bytes = Array(text.utf8)
    try tape.read(bytes.span)
    let integer = tape.integer(0, bytes.span)
    #expect(integer == value)
  }

  @Test("escapes stand for what RFC 8259 says")
  func escapes() throws {
    let value = try JSONValue(parsing: Array(#""\"\\\/\b\f\n\r\tAé€𝄞""#.utf8))
    #expect(value.stringValue == "\"\\/\u{8}\u{C}\n\r\tAé€𝄞")
    let unicode = try JSONValue(parsing: Array(#""\u0041\u00e9\u20AC\ud834\udd1e""#.utf8))
    #expect(unicode.stringValue == "Aé€𝄞")
  }

  @Test("what is written is read back the same")
  func roundTrip() throws {
    let value: JSONValue = [
      "text": "\u{0}\u{1F}\u{7F}\"\\/é\u{2028}𝄞\n", "list": [1, -2, true, nil, [:], []],
      "big": .number(JSONNumber(.min)),
    ]
    #expect(try JSONValue(parsing: value.serialized()) == value)
    #expect(try JSONValue(parsing: value.prettyPrinted()) == value)
    #expect(!value.serialized().contains { $0 < 0x20 })
  }

  @Test("people get indented JSON")
  func pretty() {
    let value: JSONValue = ["a": [1, ["b": nil]], "c": [:], "d": []]
    #expect(
      String(decoding: value.prettyPrinted(), as: UTF8.self) == """
        {
          "a": [
            1,
            {
              "b": null
            }
          ],
          "c": {},
          "d": []
        }
        """)
  }

  @Test("values are compared byte for byte: two spellings of one character are two values, and two names")
  func spellings() {
    let composed: JSONValue = "\u{E9}"
    #expect(composed != "e\u{301}")
    #expect(composed == "\u{E9}")
    // The Kelvin sign and the letter K are the same to Unicode's normal forms.
    var object: JSONObject = ["K": 1]
    #expect(object["\u{212A}"] == nil)
    object["\u{212A}"] = 2
    #expect(object["K"] == 1)
    #expect(object.members.count == 2)
    #expect(JSONValue.object(["K": 1]) != JSONValue.object(["\u{212A}": 1]))
  }
}
