import BearerProtocol
import Testing

@Suite struct LongNamesTests {
  @Test("a name that is not known is shown cut, also if it is one character of very many scalars")
  func combiningCharacters() {
    let name = "e" + String(repeating: "\u{301}", count: 20_000)
    let line = Array(#"{"op":"ping","\#(name)":1}"#.utf8)
    var reader = RequestReader()
    do throws(RequestFault) {
      _ = try reader.read(line.span)
      Issue.record("the line was accepted")
    } catch {
      #expect(error.code == .invalidRequest)
      #expect(error.member?.utf8.elementsEqual(("e" + String(repeating: "\u{301}", count: 15) + "…").utf8) == true)
    }
  }
}
