import BearerClaims
import BearerJSON

/// The answer of an Authgear resolver: header fields, and three verdicts.
extension BackEndResponse {
  private static let prefix = "x-authgear-"
  private static let userClaims = "https://authgear.com/claims/user/"

  func resolved() throws(BackEndFault) -> TokenStatus {
    switch status {
    case 200: break
    case 404:
      throw statusFault(advice: "the server knows no project by this Host: url must be the project's public address")
    case 300..<400: throw statusFault(advice: Self.redirectAdvice)
    // The resolver itself answers 200 to every token, and bearerd sends it no credentials of its own.
    case 401, 403:
      throw BackEndFault(
        .httpStatus, found: "\(origin) answered status \(status) in place of 200",
        advice: "check that endpoint is the resolver, and that what stands before it lets this host ask")
    default: throw statusFault()
    }
    try refuseDoubledFields()
    switch try field("session-valid") {
    case "true": return .active(try session())
    case "false": return .inactive
    case nil:
      // This is not a no: any web page answers 200 without the field.
      throw badAnswer(
        "no x-authgear-session-valid: it saw no credential, or is no resolver",
        advice: "check that endpoint is the resolver, and that no proxy in between takes Authorization away")
    default: throw badAnswer("an x-authgear-session-valid that is neither true nor false")
    }
  }

  /// The fields of a session, as the claims that Authgear's own JWTs have for them.
  private func session() throws(BackEndFault) -> ActiveToken {
    guard let user = try field("user-id"), !user.isEmpty else {
      throw badAnswer("a valid session without x-authgear-user-id")
    }
    var claims: JSONObject = ["sub": .string(user)]
    for (name, claim) in [
      ("user-anonymous", "is_anonymous"), ("user-verified", "is_verified"),
      ("user-can-reauthenticate", "can_reauthenticate"),
    ] {
      guard let text = try field(name) else { continue }
      guard text == "true" || text == "false" else {
        throw badAnswer("an \(Self.prefix)\(name) that is neither true nor false")
      }
      claims[Self.userClaims + claim] = .bool(text == "true")
    }
    if let roles = try field("user-roles") { claims[Self.userClaims + "roles"] = Self.list(roles, separator: ",") }
    if let methods = try field("session-amr") { claims["amr"] = Self.list(methods, separator: " ") }
    if let text = try field("session-authenticated-at") {
      guard !text.hasPrefix("+"), let seconds = Int64(text), seconds > 0, seconds < 253_402_300_800 else {
        throw badAnswer("an x-authgear-session-authenticated-at that is no time in seconds")
      }
      claims["auth_time"] = .number(JSONNumber(seconds))
    }
    var set = ClaimSet()
    set.bytes = JSONValue.object(claims).serialized()
    // Not reached: it was just written as JSON, so that it can be read.
    guard (try? set.parse()) != nil else { throw badAnswer("fields that cannot be read") }
    return ActiveToken(set)
  }

  private func refuseDoubledFields() throws(BackEndFault) {
    var seen: Set<String> = []
    for name in fields.map({ $0.name.lowercased() }) where name.hasPrefix(Self.prefix) {
      guard seen.insert(name).inserted else { throw badAnswer("a doubled field \(Self.prefix)…") }
    }
  }

  private func field(_ name: String) throws(BackEndFault) -> String? {
    guard let value = values(of: Self.prefix + name).first else { return nil }
    guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw badAnswer("control characters") }
    return value
  }

  private static func list(_ text: String, separator: Character) -> JSONValue {
    .array(text.split(separator: separator).map { .string(String($0)) })
  }
}
