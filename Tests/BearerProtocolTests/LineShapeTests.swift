import Testing

@testable import BearerProtocol

/// A line is divided by its bytes alone; what could be anything but a plain `id` of the object is left in the rest.
@Suite struct LineShapeTests {
  @Test(
    "the id is found where most clients write it",
    arguments: [
      (#"{"id":1,"op":"ping"}"#, .first, "1", #","op":"ping"}"#),
      (#"{"id": 27, "op": "ping"}"#, .first, "27", #", "op": "ping"}"#),
      (#"{"id":"a-1","op":"ping"}"#, .first, #""a-1""#, #","op":"ping"}"#),
      (#"{"id":"","op":"ping"}"#, .first, #""""#, #","op":"ping"}"#),
      (#"{"op":"ping","id":999999999999999}"#, .last, "999999999999999", #"{"op":"ping""#),
      (#"{"op": "ping", "id": "x y"}"#, .last, #""x y""#, #"{"op": "ping""#),
      (#"{"op":"ping","id":0}"#, .last, "0", #"{"op":"ping""#),
    ] as [(String, LineShape.IDPosition, String, String)])
  func found(line: String, position: LineShape.IDPosition, id: String, rest: String) {
    let bytes = Array(line.utf8)
    let shape = LineShape(bytes.span)
    #expect(shape.idPosition == position)
    #expect(String(decoding: bytes[shape.id], as: UTF8.self) == id)
    #expect(String(decoding: bytes[shape.rest], as: UTF8.self) == rest)
  }

  @Test(
    "anything else is all rest",
    arguments: [
      #"{"op":"ping"}"#, #"{"id":01,"op":"ping"}"#, #"{"id":-1,"op":"ping"}"#, #"{"id":1.0,"op":"ping"}"#,
      #"{"id":1234567890123456,"op":"ping"}"#, #"{"id":"a\u0041","op":"ping"}"#, #"{"id":"é","op":"ping"}"#,
      #"{"id":"a"#, #"{"id":12"#, #"{"id":"#, #"{"id":1}"#, #"{"id":null,"op":"ping"}"#, #"{ "id":1,"op":"ping"}"#,
      #"{"op":"ping","xid":1}"#, #"{"op":"ping","id":1} "#, #"{"op":"ping","id":"a\"}"#,
      #"{"op":"ping","id":1e1}"#, #"{"op":"ping","id":[1]}"#, "", "{", "}", #""id":1}"#,
      "{\"id\":\"\u{7F}\",\"op\":\"ping\"}", #"{"id":"\#(String(repeating: "a", count: 128))","op":"ping"}"#,
    ])
  func rest(line: String) {
    let bytes = Array(line.utf8)
    let shape = LineShape(bytes.span)
    #expect(shape.idPosition == .unknown && shape.id.isEmpty && shape.rest == 0..<bytes.count)
  }

  @Test("a line with another plain id in the same place is the same request, or as little one as the first")
  func exchange() throws {
    let rests = [
      #""op":"verify","token":"a.b.c""#, #""op":"verify","token":"a\"""#, #""op":"verify","token":"\\""#,
      #""op":"ping","id":3"#, #""op":"verify","token":"x","policy":",\"id\":1}""#, #""op":"verify","token":"x"#,
      #""op":"nothing""#, #""op":"verify","token":"{\"id\":1,""#, "", #""op":"verify","token":"x\"#,
    ]
    let ids = [
      "0", "7", "123456789012345", #""""#, #""a""#, #"",""#, #""{}""#, #""\#(String(repeating: "z", count: 127))""#,
    ]
    var reader = RequestReader()
    func read(_ line: String) -> Result<Request, RequestFault> {
      let bytes = Array(line.utf8)
      do throws(RequestFault) { return .success(try reader.read(bytes.span)) } catch { return .failure(error) }
    }
    for rest in rests {
      for form in [{ #"{"id":\#($0),\#(rest)}"# }, { #"{\#(rest),"id":\#($0)}"# }] as [(String) -> String] {
        let lines = ids.map(form)
        let shapes = lines.map { LineShape(Array($0.utf8).span) }
        let requests = Set(lines.map { (try? read($0).get()).map { "\($0)" } ?? "none" })
        // Whatever shape they have, the lines of one shape and rest are one request.
        #expect(requests.count == 1, "\(rest)")
        #expect(shapes.allSatisfy { $0.idPosition != .unknown } || requests == ["none"], "\(rest)")
      }
    }
  }
}
