import BearerJOSE
import BearerJSON

/// Any bytes as a key set, and as one key of a set beside a good one, which it must not cost.
struct KeySetFuzz: FuzzTarget {
  private static let good = """
    {"kty":"OKP","crv":"Ed25519","kid":"good","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    """
  private let all = Set(Algorithm.allCases)
  private var previous: KeySet?

  static func seeds() throws -> [[UInt8]] {
    try Seeds.files("Tests/BearerJOSETests/Vectors/keys", ".json") + [Array(good.utf8)]
  }

  init() {}

  mutating func feed(_ input: [UInt8]) {
    if let set = try? KeySet(parsing: input, algorithms: all) {
      require(set.usableKeys > 0 && set.entries.count { $0.isUsable } == set.usableKeys, "the counts differ")
      let again = try? KeySet(parsing: input, algorithms: all, reusing: previous)
      require(again?.entries == set.entries, "another set after another one")
      previous = set
    }
    guard let key = SlowJSON.read(input, maximumDepth: 30) else { return }
    let body = Array(#"{"keys":["#.utf8) + input + Array(",\(Self.good)]}".utf8)
    guard let set = try? KeySet(parsing: body, algorithms: all) else {
      return require(key["kid"]?.utf8 == Array("good".utf8), "a bad key cost the set")
    }
    require(set.entries.count == 2, "a key is missing")
    if key["kid"]?.utf8 != Array("good".utf8) { require(set.entries[1].isUsable, "a bad key cost a good one") }
  }
}
