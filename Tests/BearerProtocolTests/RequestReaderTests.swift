import BearerClaims
import BearerProtocol
import Testing

@Suite struct RequestReaderTests {
  private var reader = RequestReader()

  private mutating func read(_ line: String) throws(RequestFault) -> Request {
    let bytes = Array(line.utf8)
    return try reader.read(bytes.span)
  }

  private var id: String { String(decoding: reader.id, as: UTF8.self) }
  private var credential: String { String(decoding: reader.credential, as: UTF8.self) }

  /// What a line is refused with: code, member, and whether its id is unknown.
  private mutating func fault(_ line: String) -> (code: RequestCode?, member: String?, isUnidentified: Bool) {
    do {
      _ = try read(line)
      return (nil, nil, reader.isUnidentified)
    } catch {
      return (error.code, error.member, reader.isUnidentified)
    }
  }

  // MARK: Requests

  @Test("every operation is read")
  mutating func operations() throws {
    #expect(try read(#"{"op":"status"}"#) == Request(.status))
    #expect(try read(#"{"op":"ping"}"#) == Request(.ping))
    #expect(try read(#"{"op":"hello"}"#) == Request(.hello))
    #expect(try read(#"{"op":"refresh-jwks"}"#) == Request(.refreshJWKS))
    for (name, operation) in [("refresh-jwks", Operation.refreshJWKS), ("status", .status)] {
      var expected = Request(operation)
      expected.issuer = "a"
      #expect(try read(#"{"op":"\#(name)","issuer":"a"}"#) == expected)
    }
    #expect(try read(#"{"op":"reload"}"#) == Request(.reload))
    #expect(try read(#"{"op":"verify","token":"t"}"#) == Request(.verify))
    #expect(try read(#"{"op":"introspect","token":"t"}"#) == Request(.introspect))
    // Names are compared after unescaping, in whatever order and with whatever space.
    #expect(try read(#" { "\u006fp" : "p\u0069ng" } "#) == Request(.ping))
    #expect(try read(#"{"token":"t","op":"verify"}"#) == Request(.verify))
  }

  @Test("every member of a verify request is read")
  mutating func members() throws {
    var expected = Request(.verify)
    expected.policy = "p"
    expected.constraints.audiences = [Array("a".utf8), Array("b".utf8)]
    expected.constraints.scopes = [Array("s1".utf8), Array("s2".utf8)]
    expected.constraints.maximumAge = 300
    expected.constraints.acrValues = [Array("x".utf8), Array("y".utf8)]
    expected.constraints.nonce = Array("n".utf8)
    expected.deadlineMilliseconds = 10_000
    expected.explain = true
    let request = try read(
      #"{"id":1,"op":"verify","token":"a.b.c","policy":"p","audience":["a","b"],"scope":" s1  s2 ","max_age":300,"acr_values":"x y","nonce":"n","deadline_ms":10000,"explain":true}"#
    )
    #expect(request == expected)
    #expect(credential == "a.b.c")
    #expect(id == "1")
    #expect(!expected.constraints.isEmpty)
  }

  @Test("an audience is one or several")
  mutating func audience() throws {
    var expected = Request(.verify)
    expected.constraints.audiences = [Array("a".utf8)]
    #expect(try read(#"{"op":"verify","token":"t","audience":"a"}"#) == expected)
    #expect(try read(#"{"op":"verify","token":"t","audience":["a"]}"#) == expected)
  }

  @Test("bounds belong to their ranges")
  mutating func bounds() throws {
    for (member, value) in [
      ("max_age", "0"), ("max_age", "253402300799"), ("deadline_ms", "1"), ("deadline_ms", "10000"),
    ] {
      #expect(fault(#"{"op":"verify","token":"t","\#(member)":\#(value)}"#).code == nil)
    }
    for (member, value) in [
      ("max_age", "-1"), ("max_age", "253402300800"), ("max_age", "99999999999999999999"), ("deadline_ms", "0"),
      ("deadline_ms", "10001"), ("deadline_ms", "-1"), ("max_age", "1.5"), ("max_age", "1e400"), ("deadline_ms", "0.5"),
    ] {
      let fault = fault(#"{"op":"verify","token":"t","\#(member)":\#(value)}"#)
      #expect(fault == (.invalidRequest, member, false))
    }
  }

  @Test("credentials come as token, as authorization, or wrongly as both")
  mutating func credentials() throws {
    var expected = Request(.verify)
    #expect(try read(#"{"op":"verify","token":"a\u002eb"}"#) == expected)
    #expect(credential == "a.b")
    expected.credential = .authorization
    #expect(try read(#"{"op":"verify","authorization":"Bearer x"}"#) == expected)
    #expect(credential == "Bearer x")
    #expect(try read(#"{"op":"verify","authorization":""}"#) == expected)
    #expect(credential == "")
    expected.credential = .both
    #expect(try read(#"{"op":"verify","authorization":"Bearer x","token":"t"}"#) == expected)
  }

  @Test("nothing of an earlier line is left over")
  mutating func reuse() throws {
    _ = try read(#"{"id":"a","op":"verify","token":"secret","scope":"s"}"#)
    #expect(fault("nonsense") == (.invalidJSON, nil, true))
    #expect(id == "" && credential == "")
    #expect(try read(#"{"op":"ping"}"#) == Request(.ping))
    #expect(id == "" && credential == "" && !reader.isUnidentified)
  }

  // MARK: Ids

  @Test(
    "a good id is kept as its source text",
    arguments: [
      #"0"#, "1", "-1", "9007199254740992", "-9007199254740992", #""""#, #""a""#, #""\u0061\n""#, #""é""#, #""\"""#,
      "\"" + String(repeating: "x", count: 128) + "\"", "\"" + String(repeating: #"\u0061"#, count: 128) + "\"",
    ])
  mutating func goodID(_ source: String) throws {
    #expect(try read(#"{"id":\#(source),"op":"ping"}"#) == Request(.ping))
    #expect(id == source)
    #expect(!reader.isUnidentified)
  }

  @Test(
    "an id that cannot be echoed is refused, whatever else is right",
    arguments: [
      "null", "true", "[]", "{}", "1.5", "9007199254740993", "-9007199254740993", "1e999",
      "123456789012345678901234567890",
      "\"" + String(repeating: "x", count: 129) + "\"", "\"" + String(repeating: "é", count: 65) + "\"",
    ])
  mutating func badID(_ source: String) {
    #expect(fault(#"{"id":\#(source),"op":"ping"}"#) == (.invalidRequest, "id", true))
    #expect(id == "")
  }

  @Test("a fault in a line with a good id keeps the id")
  mutating func faultWithID() {
    #expect(fault(#"{"op":"nope","id":7}"#) == (.unknownOp, "op", false))
    #expect(id == "7")
    #expect(fault(#"{"tokne":"t","op":"verify","id":"x"}"#) == (.invalidRequest, "tokne", false))
    #expect(id == "\"x\"")
  }

  // MARK: Faults

  @Test(
    "what is not a JSON object is invalid_json",
    arguments: [
      "", " ", "x", "{", "{}}", "[]", "null", "1", #""op""#, #"{"op":"ping",}"#, #"{'op':'ping'}"#, #"{"op":"ping"} x"#,
      #"{"op":"ping","op":"ping"}"#, #"{"op":"ping","\u006fp":"ping"}"#, #"{"op":"\ud800"}"#, "{\"op\":\"p\u{0}ing\"}",
      #"{"op":"ping","a":01}"#, #"{"op":NaN}"#, "\u{FEFF}{\"op\":\"ping\"}",
      #"{"op":"ping","a":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}",
    ])
  mutating func invalidJSON(_ line: String) {
    #expect(fault(line) == (.invalidJSON, nil, true))
  }

  @Test("bytes that are not UTF-8 are invalid_json")
  mutating func invalidUTF8() {
    let line = Array(#"{"op":"ping"#.utf8) + [0xFF] + Array(#""}"#.utf8)
    #expect(throws: RequestFault.self) { try reader.read(line.span) }
    #expect(reader.isUnidentified)
  }

  @Test("an op is a string that is known")
  mutating func ops() {
    #expect(fault("{}") == (.invalidRequest, "op", false))
    for value in ["null", "1", "true", "[]", #"{"op":"ping"}"#] {
      #expect(fault(#"{"op":\#(value)}"#) == (.invalidRequest, "op", false))
    }
    for value in ["", "PING", "ping ", "verify\\u0000", "refresh_jwks"] {
      #expect(fault(#"{"op":"\#(value)"}"#) == (.unknownOp, "op", false))
    }
  }

  @Test(
    "a member that the op does not have is refused by name",
    arguments: [
      (#"{"op":"verify","tokne":"t"}"#, "tokne"), (#"{"op":"verify","token":"t","Scope":"s"}"#, "Scope"),
      (#"{"op":"verify","token":"t","scope ":"s"}"#, "scope "), (#"{"op":"verify","token":"t","":1}"#, ""),
      (#"{"op":"introspect","token":"t","dpop":"x"}"#, "dpop"),
      (#"{"op":"ping","token":"t"}"#, "token"), (#"{"op":"status","x":null}"#, "x"),
      (#"{"op":"hello","policy":"p"}"#, "policy"),
      (#"{"op":"refresh-jwks","issuers":["a"]}"#, "issuers"),
      (#"{"op":"ping","\#(String(repeating: "m", count: 65))":1}"#, String(repeating: "m", count: 16) + "…"),
      (#"{"op":"verify","token":"t","x":{"token":"u"},"scope":"s"}"#, "x"),
    ])
  mutating func unknownMember(_ line: String, _ member: String) {
    #expect(fault(line) == (.invalidRequest, member, false))
  }

  @Test(
    "a member that is null, ill-typed, empty or blank is refused by name",
    arguments: [
      ("token", ["null", "1", "\"\"", "[]", "{}", "true", #"["t"]"#]),
      ("policy", ["null", "1", "\"\"", "[]", "true"]),
      (
        "audience", ["null", "1", "\"\"", "[]", #"[""]"#, #"["a",""]"#, #"["a",1]"#, #"["a",null]"#, #"[["a"]]"#, "{}"]
      ),
      ("scope", ["null", "1", "\"\"", "\" \"", "\"   \"", "[]", #"["s"]"#, "true"]),
      ("max_age", ["null", "\"300\"", "\"\"", "[]", "true", "1.5"]),
      ("acr_values", ["null", "1", "\"\"", "\" \"", "[]", #"["a"]"#]),
      ("nonce", ["null", "1", "\"\"", "[]", "true"]),
      ("deadline_ms", ["null", "\"5\"", "\"\"", "[]", "true"]),
      ("explain", ["null", "1", "\"\"", "\"true\"", "[]", "{}"]),
    ])
  mutating func illTyped(_ member: String, _ values: [String]) {
    for value in values {
      let token = member == "token" ? "" : #","token":"t""#
      for op in ["verify", "introspect"] {
        let fault = fault(#"{"op":"\#(op)"\#(token),"\#(member)":\#(value)}"#)
        #expect(fault == (.invalidRequest, member, false), "\(member): \(value)")
      }
    }
  }

  @Test("words end at the byte of a space, whatever follows it", arguments: ["scope", "acr_values"])
  mutating func wordsByBytes(_ member: String) throws {
    // A space and a combining mark are one character, and so is a letter with any number of marks.
    let marks = String(repeating: "\u{301}\u{323}", count: 1000)
    let request = try read(#"{"op":"verify","token":"t","\#(member)":"a \#(marks) b"}"#)
    let words = member == "scope" ? request.constraints.scopes : request.constraints.acrValues ?? []
    #expect(words == ["a", marks, "b"].map { Array($0.utf8) })
  }

  @Test(
    "as many as 64 values of a member are looked for, and not one more", arguments: ["scope", "acr_values", "audience"])
  mutating func manyValues(_ member: String) {
    for count in [64, 65] {
      let values = (0..<count).map { "v\($0)" }
      let value =
        member == "audience"
        ? "[\(values.map { "\"\($0)\"" }.joined(separator: ","))]" : "\"\(values.joined(separator: " "))\""
      let found = fault(#"{"op":"verify","token":"t","\#(member)":\#(value)}"#)
      #expect(found.code == (count == 64 ? nil : .invalidRequest))
    }
  }

  @Test("authorization may be empty, but not anything else than a string")
  mutating func authorization() {
    for value in ["null", "1", "[]", "true", #"["Bearer x"]"#] {
      #expect(fault(#"{"op":"verify","authorization":\#(value)}"#) == (.invalidRequest, "authorization", false))
    }
    #expect(fault(#"{"op":"verify","token":null,"authorization":"Bearer x"}"#) == (.invalidRequest, "token", false))
    #expect(fault(#"{"op":"verify","token":"","authorization":"Bearer x"}"#) == (.invalidRequest, "token", false))
  }

  @Test("a request about a token must have one, and refresh-jwks no empty issuer")
  mutating func missing() {
    #expect(fault(#"{"op":"verify"}"#) == (.invalidRequest, "token", false))
    #expect(fault(#"{"op":"introspect","scope":"s"}"#) == (.invalidRequest, "token", false))
    for value in ["null", "\"\"", "1", #"["a"]"#] {
      #expect(fault(#"{"op":"refresh-jwks","issuer":\#(value)}"#) == (.invalidRequest, "issuer", false))
    }
  }

  @Test("hello tells of the members that are read, and of no others")
  mutating func operationList() {
    for operation in Operation.allCases {
      for member in operation.memberNames {
        let line = #"{"op":"\#(operation.name)","\#(member)":null}"#
        #expect(fault(line) == (.invalidRequest, member, false))
      }
    }
  }
}
