import BearerAddress
package import BearerClaims
package import BearerTOML

extension Policy: NamedTable {
  package init() { self.init(name: "", issuers: [], audiences: []) }

  private static let expectedAudiences =
    "a list with what the tokens have as aud, or audience_check = false to accept tokens meant for anybody"

  package static let keys: [ConfigurationKey<Policy>] = [
    // Whether there are such issuers is checked when all tables have been read.
    .init("issuers", \.issuers, .strings("a list of issuers' names"), absence: "the only one"),
    .init("audiences", \.audiences, .strings(expectedAudiences, canBeLeftOut: false), absence: "required"),
    .init("audience_check", \.checksAudience, .boolean),
    .init("token_type", \.tokenType, .word),
    .init("leeway", \.leeway, .duration(.zero ... .seconds(300))),
    .init("scopes", \.scopes, .words),
    .init("scope_claims", \.scopeClaims, .strings(), absence: "the issuer's"),
    .init("roles", \.roles, .strings()),
    .init("clients", \.clients, .strings()),
    .init("required_claims", \.requiredClaims, .strings()),
    .init("claims", \.claims, .claims),
    .init("max_age", \.maximumAge, .duration(.zero...DurationText.longest)),
    .init("acr_values", \.acrValues, .words),
    .init("sender_constraint", \.refusesSenderConstrained, .choice([("refuse", true), ("ignore", false)])),
    .init("opaque", \.acceptsOpaque, .boolean),
    .init("recheck", \.recheck, .duration(.seconds(10) ... .seconds(86_400))),
    .init("recheck_failure", \.recheckFailure, .word),
    .init(
      "realm", \.realm,
      .string("visible ASCII characters and spaces, without \" and \\") { text in
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
      }),
    .init("resource_metadata", \.resourceMetadata, .protectedAddress),
  ]

  package func finish(_ reader: inout TableReader) {
    if acceptsOpaque, tokenType == .id {
      reader.refuse(
        "opaque", found: "true", expected: "token_type \"access\" or \"any\"", "an ID token is never opaque")
    }
    if reader.has("recheck") != reader.has("recheck_failure") {
      let isThere = reader.has("recheck")
      reader.miss(
        isThere ? "recheck_failure" : "recheck",
        expected: isThere
          ? "\"allow\" or \"refuse\": what holds while the back-end cannot tell" : "both keys or neither",
        "is missing beside \(isThere ? "recheck" : "recheck_failure")")
    }
    if !checksAudience, reader.has("audiences") {
      reader.refuse(
        "audience_check", found: "false", expected: "audiences, or audience_check = false", "stands beside audiences")
    }
    if !checksAudience, tokenType == .id {
      reader.refuse(
        "audience_check", found: "false", expected: "audiences with the client's id",
        "an ID token's audience is always checked (OpenID Connect Core 1.0 section 3.1.3.7)")
    }
    if checksAudience, !reader.has("audiences") {
      reader.miss("audiences", expected: Self.expectedAudiences)
    }
  }
}

// MARK: Claims

extension ValueKind where Value == [ClaimRequirement] {
  fileprivate static var claims: Self {
    Self { reader, key in
      guard let value = reader[key] else { return nil }
      let expected = "a table of claims and values, such as { token_use = \"access\" }"
      guard let table = value.table else {
        reader.refuse(key, found: value.summary, expected: expected, "wrong type")
        return nil
      }
      if table.entries.isEmpty { reader.refuse(key, found: value.summary, expected: expected, "empty table") }
      return table.entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { entry in
        ClaimRequirement(claim: entry.key, anyOf: reader.claimValues(entry, at: [key, entry.key]))
      }
    } write: { claims in
      let entries = claims.map { requirement in
        "\(TOMLText.string(requirement.claim)) = [\(requirement.anyOf.map(\.text).joined(separator: ", "))]"
      }
      return entries.isEmpty ? "" : "{ \(entries.joined(separator: ", ")) }"
    }
  }
}

extension ClaimValue {
  fileprivate var text: String {
    switch self {
    case .string(let text): TOMLText.string(text)
    case .integer(let number): "\(number)"
    case .boolean(let truth): "\(truth)"
    }
  }
}

extension TableReader {
  fileprivate mutating func claimValues(_ entry: TOMLTable.Entry, at place: [String]) -> [ClaimValue] {
    let expected = "a string, an integer, true or false, or a list of such"
    let values = if case .array(let items) = entry.value.content { items } else { [entry.value] }
    if values.isEmpty {
      refuse(at: place, found: entry.value.summary, expected: expected, "empty list")
    }
    return values.compactMap { item in
      switch item.content {
      case .string(let text) where TableReader.isBlank(text):
        refuse(at: place, found: item.summary, expected: expected, "blank")
        return nil
      case .string(let text): return .string(text)
      case .integer(let number): return .integer(number)
      case .boolean(let truth): return .boolean(truth)
      default:
        refuse(at: place, found: item.summary, expected: expected, "wrong type")
        return nil
      }
    }
  }
}
