import BearerAddress
import BearerJOSE
import BearerTOML

extension ConfigurationParser {
  /// Reads one `[issuer.NAME]` table; a url that is missing or faulty is left empty.
  mutating func issuer(named name: String, _ table: TOMLTable) -> IssuerConfiguration {
    var reader = TableReader(table, at: ["issuer", name], keys: IssuerKey.names)
    defer { faults += reader.faults }

    let source = source(&reader)
    var issuer = IssuerConfiguration(name: name, url: url(&reader, source: source), source: source)
    if let algorithms = algorithms(&reader) { issuer.algorithms = algorithms }
    let always = DurationText.longest
    if let value = reader.duration("refresh", in: .seconds(1)...always) { issuer.refresh = value }
    if let value = reader.duration("max_stale", in: .zero...always) { issuer.maxStale = value }
    if let value = reader.duration("unknown_key_cooldown", in: .seconds(1)...always) {
      issuer.unknownKeyCooldown = value
    }
    if let value = reader.duration("key_wait", in: .zero ... .seconds(60)) { issuer.keyWait = value }
    if let value = reader.duration("timeout", in: .milliseconds(1) ... .seconds(300)) { issuer.timeout = value }
    issuer.caFile = reader.path("ca_file")
    issuer.clientCertificate = reader.path("client_certificate")
    issuer.clientKey = reader.path("client_key")
    let target = "host or host:port, such as \"10.0.0.5:8443\" or \"[fd00::5]:8443\""
    issuer.connectTo = reader.string("connect_to", expected: target) { HostAndPort($0) }
    issuer.proxy = proxy(&reader)

    if reader.has("client_certificate") != reader.has("client_key") {
      let pair = ["client_key", "client_certificate"]
      let (given, missing) = reader.has(pair[0]) ? (pair[0], pair[1]) : (pair[1], pair[0])
      reader.miss(missing, expected: "both keys or neither", "is missing beside \(given)")
    }
    if case .jwksFile = source {
      for key in ["timeout", "ca_file", "client_certificate", "client_key", "connect_to", "proxy"] where reader.has(key)
      {
        reader.refuse(key, expected: "no such key", "has no effect beside jwks_file, which needs no network")
      }
    }
    return issuer
  }

  private func source(_ reader: inout TableReader) -> IssuerConfiguration.Source {
    if reader.has("jwks_uri"), reader.has("jwks_file") {
      reader.refuse("jwks_file", expected: "one of the two, or neither for discovery", "stands beside jwks_uri")
    }
    if reader.has("jwks_uri") {
      return .jwksURI(address(&reader, "jwks_uri") ?? "")
    }
    if reader.has("jwks_file") {
      return .jwksFile(reader.path("jwks_file") ?? "")
    }
    return .discovery
  }

  private func url(_ reader: inout TableReader, source: IssuerConfiguration.Source) -> String {
    guard reader.has("url") else {
      reader.miss("url", expected: "what the tokens have as iss, such as \"https://your-project.authgear.cloud\"")
      return ""
    }
    guard source == .discovery else { return reader.string("url") ?? "" }
    guard let text = address(&reader, "url") else { return "" }
    guard !text.contains("?") else {
      reader.refuse(
        "url", found: ConfigurationFault.quoted(text),
        expected: "an address without ? (OpenID Connect Discovery 1.0 section 3), or a key jwks_uri",
        "keys cannot be discovered there")
      return ""
    }
    return text
  }

  private static let schemeRule = "an https:// address, or http:// on loopback (127.0.0.0/8, [::1], localhost)"

  /// An address that may be fetched: https, or http on loopback; without credentials.
  private func address(_ reader: inout TableReader, _ key: String) -> String? {
    guard let text = reader.string(key, expected: Self.schemeRule) else { return nil }
    let address: WebAddress
    do throws(AddressFault) {
      address = try WebAddress(parsing: text)
    } catch {
      // What was found is not shown if it may hold a password.
      let found = text.contains("@") ? nil : ConfigurationFault.quoted(text)
      reader.refuse(key, found: found, expected: Self.schemeRule, "the address \(error.reason)")
      return nil
    }
    guard address.isProtected else {
      reader.refuse(
        key, found: ConfigurationFault.quoted(text), expected: Self.schemeRule, "plain http to another host")
      return nil
    }
    return text
  }

  private func proxy(_ reader: inout TableReader) -> ProxyAddress? {
    let expected = "an http:// address, such as \"http://10.0.0.1:3128\""
    guard let text = reader.string("proxy", expected: expected) else { return nil }
    guard text.lowercased().hasPrefix("http://"), let address = try? ProxyAddress(parsing: text) else {
      // What was found is not shown: it may hold a password.
      reader.refuse("proxy", expected: expected, "not the address of a proxy")
      return nil
    }
    return address
  }

  // MARK: Algorithms

  private func algorithms(_ reader: inout TableReader) -> Set<Algorithm>? {
    guard let names = reader.strings("algorithms", expected: "a list of algorithm names, such as [\"RS256\"]") else {
      return nil
    }
    var algorithms: Set<Algorithm> = []
    for name in names {
      if name == "EdDSA" {
        algorithms.formUnion([.ed25519, .ed448])
      } else if let algorithm = Algorithm(rawValue: name) {
        algorithms.insert(algorithm)
      } else {
        refuse(algorithm: name, &reader)
      }
    }
    return algorithms
  }

  private func refuse(algorithm name: String, _ reader: inout TableReader) {
    let found = ConfigurationFault.quoted(name)
    let upper = name.uppercased()
    let known = Algorithm.allCases.map(\.rawValue) + ["EdDSA"]
    let expected = "some of \(known.joined(separator: ", "))"
    if upper == "NONE" {
      reader.refuse(
        "algorithms", found: found, expected: expected, "\"none\" is no signature: anybody can write such a token")
    } else if upper.hasPrefix("HS") {
      reader.refuse(
        "algorithms", found: found, expected: expected,
        "HMAC is never accepted: whoever can verify such a token can also make one, and a public key could pass for the secret"
      )
    } else {
      let meant = NearMiss.of(name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
      reader.refuse("algorithms", found: found, expected: expected, "unknown algorithm\(meant)")
    }
  }
}
