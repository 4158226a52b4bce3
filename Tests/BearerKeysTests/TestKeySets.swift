import BearerJOSE
import BearerKeys

/// Key sets with the kids that a test wants, all of one valid key: the P-256 key of RFC 7517 appendix A.1.
enum TestKeySets {
  static func body(_ kids: [String]) -> [UInt8] {
    let keys = kids.map { kid in
      """
      {"kty":"EC","crv":"P-256","kid":"\(kid)",\
      "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}
      """
    }
    return Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8)
  }

  /// A set of a usable key of the first kid and an unusable one of the second.
  static func fetched(usable: String, unusable: String) throws -> FetchedKeys {
    let text = String(decoding: body([usable]), as: UTF8.self)
    let body = Array("\(text.dropLast(2)),{\"kty\":\"oct\",\"kid\":\"\(unusable)\",\"k\":\"AA\"}]}".utf8)
    return FetchedKeys(
      keys: try KeySet(parsing: body, algorithms: [.es256]), body: body, lifetime: nil, validators: FetchValidators())
  }

  static func fetched(
    _ kids: String..., lifetime: Duration? = nil, etag: String? = nil
  ) throws -> FetchedKeys {
    let body = body(kids)
    return FetchedKeys(
      keys: try KeySet(parsing: body, algorithms: [.es256]), body: body, lifetime: lifetime,
      validators: FetchValidators(etag: etag))
  }
}
