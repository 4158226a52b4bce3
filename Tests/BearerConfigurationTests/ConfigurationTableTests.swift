import BearerTOML
import Testing

@testable import BearerConfiguration

/// What rows of keys can do, with tables that show more than today's do.
@Suite struct ConfigurationTableTests {
  enum Method: String, CaseIterable {
    case post, basic
  }

  struct Call: ConfigurationTable {
    var method = Method.post
    static let keys: [ConfigurationKey<Call>] = [.init("method", \.method, .word)]
  }

  struct Source: NamedTable {
    var name = ""
    var preset: String?
    var wait: Duration = .seconds(1)
    var labels = ["a"]
    var call: Call?
    static let keys: [ConfigurationKey<Source>] = [
      .init("preset", \.preset, .string()),
      .init("wait", \.wait, .duration(.zero ... .seconds(60))),
      .init("labels", \.labels, .strings()),
      .table("call", \.call),
    ]

    mutating func prepare(_ reader: inout TableReader) {
      guard reader.has("preset") else { return }
      wait = .seconds(2)
      labels = ["p", "q"]
    }
  }

  struct Root: ConfigurationTable {
    var port = 1
    var sources: [Source] = []
    var inner = Inner()
    static let keys: [ConfigurationKey<Root>] = [
      .init("port", \.port, .integer(1...9), restart: true), .tables("source", \.sources, required: true),
      .table("inner", \.inner),
    ]
  }

  struct Inner: ConfigurationTable {
    var isOn = false
    static let keys: [ConfigurationKey<Inner>] = [.init("on", \.isOn, .boolean, restart: true)]
  }

  private func read(_ text: String) throws -> (root: Root, faults: [String]) {
    let table = try TOMLReader.read(Array(text.utf8))
    var reader = TableReader(table, at: [], keys: Root.keys.map(\.name))
    var root = Root()
    root.read(&reader)
    return (root, reader.faults.map(\.description))
  }

  @Test("a key may change what the others begin with, and they count over it")
  func preset() throws {
    let (root, faults) = try read("[source.a]\nlabels = [\"x\"]\npreset = \"p\"\n[source.b]")
    #expect(faults == [])
    #expect(root.sources.map(\.wait) == [.seconds(2), .seconds(1)])
    #expect(root.sources.map(\.labels) == [["x"], ["a"]])
    var plain = Source()
    plain.name = "a"
    #expect(
      Source.differences(from: plain, to: root.sources[0]).map { "\($0.name) = \($0.text)" }
        == [#"preset = "p""#, #"wait = "2s""#, #"labels = ["x"]"#])
  }

  @Test("a table below is there only if the file has it, and its faults have their full names")
  func tableBelow() throws {
    let (root, faults) = try read(
      "[source.a]\n[source.b.call]\nmethod = \"basic\"\n[source.c.call]\nmethod = \"bsic\"\nx = 1")
    #expect(root.sources.map { $0.call?.method } == [nil, .basic, .post])
    #expect(
      faults == [
        "line 6: source.c.call.x: unknown key; expected one of method",
        #"line 5: source.c.call.method: unknown word; did you mean "basic"?; found "bsic", expected one of "post", "basic""#,
      ])
    #expect(
      try read("[source.a]\ncall = 1").faults == [
        "line 2: source.a.call: wrong type; found the integer 1, expected a table [source.a.call]"
      ])
    #expect(try read("").faults == ["source: there is none; expected at least one table [source.NAME]"])
  }

  @Test("the keys that need a restart are found in tables below, too")
  func restarts() {
    var other = Root()
    #expect(Root.restarts(from: Root(), to: other) == [])
    other.port = 2
    other.inner.isOn = true
    other.sources = [Source()]
    #expect(Root.restarts(from: Root(), to: other) == ["port", "inner.on"])
  }

  @Test("defaults are told as TOML writes them")
  func defaults() {
    #expect(Source.defaults.map(\.text) == ["", #""1s""#, #"["a"]"#, ""])
  }
}
