import BearerAddress
import BearerClaims
import BearerJSON
import BearerTOML

extension ConfigurationParser {
  /// The longest tolerance of comparisons of times.
  static let longestLeeway = Duration.seconds(300)

  private enum SenderConstraint: String, CaseIterable {
    case refuse
    case ignore
  }

  /// Reads one `[policy.NAME]` table.
  mutating func policy(named name: String, _ table: TOMLTable, issuers: [String]) -> Policy {
    var reader = TableReader(table, at: ["policy", name], keys: PolicyKey.names)
    defer { faults += reader.faults }

    var policy = Policy(name: name, issuers: policyIssuers(&reader, known: issuers), audiences: [])
    policy.tokenType = reader.word("token_type", as: TokenType.self) ?? policy.tokenType
    readAudiences(&reader, into: &policy)
    policy.leeway = reader.duration("leeway", in: .zero...Self.longestLeeway) ?? policy.leeway
    policy.scopes = words(&reader, "scopes") ?? []
    policy.scopeClaims = reader.strings("scope_claims") ?? policy.scopeClaims
    policy.clients = reader.strings("clients") ?? []
    policy.requiredClaims = reader.strings("required_claims") ?? []
    policy.claims = claims(&reader)
    policy.maximumAge = reader.duration("max_age", in: .zero...DurationText.longest)
    policy.acrValues = words(&reader, "acr_values") ?? []
    policy.refusesSenderConstrained = reader.word("sender_constraint", as: SenderConstraint.self) != .ignore
    policy.realm = reader.string("realm", expected: "visible ASCII characters and spaces, without \" and \\") { text in
      text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C } ? text : nil
    }
    policy.resourceMetadata = reader.string(
      "resource_metadata", expected: "an https:// address, or http:// on loopback, without credentials and #"
    ) { text in
      // The reader's own fault says what is expected.
      guard let address = try? WebAddress(parsing: text), address.isProtected else { return nil }
      return text
    }
    return policy
  }

  private func policyIssuers(_ reader: inout TableReader, known: [String]) -> [String] {
    guard reader.has("issuers") else {
      if known.count > 1 {
        reader.miss(
          "issuers", expected: "some of \(known.joined(separator: ", "))", "is missing while there are several issuers")
      }
      return known
    }
    guard let names = reader.strings("issuers", expected: "a list of issuers' names") else { return [] }
    for name in names where !known.contains(where: { $0.hasSameBytes(as: name) }) {
      let meant = NearMiss.of(name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
      reader.refuse(
        "issuers", found: ConfigurationFault.quoted(name),
        expected: known.isEmpty ? "the name of an [issuer.NAME] table" : "some of \(known.joined(separator: ", "))",
        "there is no such issuer\(meant)")
    }
    return names
  }

  private func readAudiences(_ reader: inout TableReader, into policy: inout Policy) {
    let checks = reader.boolean("audience_check")
    policy.checksAudience = checks ?? true
    policy.audiences = reader.strings("audiences") ?? []
    if checks == false, reader.has("audiences") {
      reader.refuse(
        "audience_check", found: "false", expected: "audiences, or audience_check = false", "stands beside audiences")
    }
    if checks == false, policy.tokenType == .id {
      reader.refuse(
        "audience_check", found: "false", expected: "audiences with the client's id",
        "an ID token's audience is always checked (OpenID Connect Core 1.0 section 3.1.3.7)")
    }
    if policy.checksAudience, !reader.has("audiences") {
      reader.miss(
        "audiences",
        expected:
          "a list with what the tokens have as aud, or audience_check = false to accept tokens meant for anybody")
    }
  }

  /// A list of words that are joined by spaces on the wire, so that none may have one inside (RFC 6749 section 3.3).
  private func words(_ reader: inout TableReader, _ key: String) -> [String]? {
    guard let words = reader.strings(key) else { return nil }
    for word in words where word.unicodeScalars.contains(where: \.properties.isWhitespace) {
      reader.refuse(
        key, found: ConfigurationFault.quoted(word), expected: "one string for each, such as [\"a\", \"b\"]",
        "white space in an item")
    }
    return words
  }

  // MARK: Claims

  private func claims(_ reader: inout TableReader) -> [ClaimRequirement] {
    guard let value = reader["claims"] else { return [] }
    let expected = "a table of claims and values, such as { token_use = \"access\" }"
    guard case .table(let table) = value.content else {
      reader.refuse("claims", found: value.summary, expected: expected, "wrong type")
      return []
    }
    if table.entries.isEmpty { reader.refuse("claims", found: value.summary, expected: expected, "empty table") }
    return table.entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { entry in
      ClaimRequirement(claim: entry.key, anyOf: claimValues(&reader, entry))
    }
  }

  private func claimValues(
    _ reader: inout TableReader, _ entry: TOMLTable.Entry
  ) -> [ClaimValue] {
    let expected = "a string, an integer, true or false, or a list of such"
    let values: [TOMLValue]
    if case .array(let items) = entry.value.content {
      values = items
    } else {
      values = [entry.value]
    }
    if values.isEmpty {
      reader.refuse("claims", entry: entry, found: entry.value.summary, expected: expected, "empty list")
    }
    return values.compactMap { item in
      switch item.content {
      case .string(let text) where TableReader.isBlank(text):
        reader.refuse("claims", entry: entry, found: item.summary, expected: expected, "blank")
        return nil
      case .string(let text): return .string(text)
      case .integer(let number): return .integer(number)
      case .boolean(let truth): return .boolean(truth)
      default:
        reader.refuse("claims", entry: entry, found: item.summary, expected: expected, "wrong type")
        return nil
      }
    }
  }
}
