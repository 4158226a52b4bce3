import BearerJSON

/// The header parameters and claims of an unverified token, as a table for people.
struct UnverifiedTokenTable {
  let token: UnverifiedToken
  /// Seconds since 1970.
  let now: Int64
  let style: Style

  func lines() -> [String] {
    switch token.form {
    case .opaque: return ["An opaque token: nothing can be read in it. Only its issuer knows what it means."]
    case .jwe: return ["An encrypted token (JWE): only who has the key can read it. bearerd verifies signed tokens."]
    case .other: return ["Not a token in a form that bearerd knows: neither a JWT nor opaque."]
    case .jwt: break
    }
    var table = TextTable()
    for name in ["alg", "kid", "typ"] { add(token.header[name], name, to: &table) }
    for name in ["iss", "sub", "aud", "client_id", "azp", "scope", "scp", "token_use", "acr", "nonce"] {
      add(token.claims[name], name, to: &table)
    }
    for name in ["iat", "nbf", "exp", "auth_time"] {
      guard let value = token.claims[name] else { continue }
      table.add(["  " + name, Style.harmless(time(value))])
    }
    let kind = token.looksLikeIDToken ? "ID token" : "JWT"
    return ["This \(kind) says of itself, and nobody vouches for it:"]
      + table.lines { _, column, text in column == 0 ? style.faint(text) : text }
  }

  private func add(_ value: JSONValue?, _ name: String, to table: inout TextTable) {
    guard let value else { return }
    let text = value.stringValue ?? String(decoding: value.serialized(), as: UTF8.self)
    let start = text.unicodeScalars.prefix(200)
    let isCut = start.endIndex < text.unicodeScalars.endIndex
    table.add(["  " + name, Style.harmless(String(String.UnicodeScalarView(start))) + (isCut ? "…" : "")])
  }

  /// A NumericDate (RFC 7519 section 2) as a distance from now.
  private func time(_ value: JSONValue) -> String {
    let text = String(decoding: value.serialized(), as: UTF8.self)
    let digits = text.prefix { $0 != "." }
    guard let seconds = Int64(digits), (0...253_402_300_799).contains(seconds) else { return "\(text) (not a date)" }
    return seconds > now
      ? "in \(ReadableDuration.text(seconds: seconds - now)) (\(text))"
      : "\(ReadableDuration.text(seconds: now - seconds)) ago (\(text))"
  }
}
