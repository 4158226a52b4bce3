import ArgumentParser
import BearerJSON

/// What `verify` and `introspect` ask for.
struct TokenOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The token; - reads it from standard input, which keeps it out of the process list.", valueName: "token"))
  var token: String

  @Flag(help: "What is given is the Authorization header's whole value, such as \"Bearer eyJ…\".")
  var authorization = false

  @Option(help: ArgumentHelp("The policy to hold the token to, in place of the one named default.", valueName: "name"))
  var policy: String?

  @Option(help: ArgumentHelp("Demand this audience besides the policy's; repeated: any of them.", valueName: "aud"))
  var audience: [String] = []

  @Option(
    help: ArgumentHelp(
      "Demand this scope besides the policy's; repeated or separated by spaces: all.", valueName: "scope")
  )
  var scope: [String] = []

  @Option(help: ArgumentHelp("Demand this role besides the policy's; repeated: all of them.", valueName: "role"))
  var role: [String] = []

  @Option(help: ArgumentHelp("Demand that the user authenticated at most so long ago.", valueName: "seconds"))
  var maxAge: Int64?

  @Option(
    help: ArgumentHelp(
      "Demand this authentication context; repeated or separated by spaces: any of them.", valueName: "acr"))
  var acrValues: [String] = []

  @Option(
    help: ArgumentHelp("Demand a token of this issuer; where to ask about an opaque one.", valueName: "name"))
  var issuer: String?

  @Option(help: ArgumentHelp("Demand this nonce of an ID token.", valueName: "nonce"))
  var nonce: String?

  @Option(
    help: ArgumentHelp(
      "Wait at most so long for keys; 1 to 10000, never longer than the issuer's key_wait.", valueName: "ms")
  )
  var deadlineMs: Int64?

  @Flag(help: "Show every check: readable on a terminal, a member \"trace\" of the JSON elsewhere.")
  var explain = false

  /// The request's members.
  ///
  /// Empty values are sent, and the daemon refuses them: an empty demand must not become no demand.
  func request(operation: String, token: String) -> JSONObject {
    var request: JSONObject = ["op": .string(operation)]
    request[authorization ? "authorization" : "token"] = .string(token)
    request["policy"] = policy.map(JSONValue.string)
    if !audience.isEmpty { request["audience"] = .array(audience.map(JSONValue.string)) }
    if !scope.isEmpty { request["scope"] = .string(scope.joined(separator: " ")) }
    if !role.isEmpty { request["roles"] = .array(role.map(JSONValue.string)) }
    request["max_age"] = maxAge.map { .number(JSONNumber($0)) }
    if !acrValues.isEmpty { request["acr_values"] = .string(acrValues.joined(separator: " ")) }
    request["issuer"] = issuer.map(JSONValue.string)
    request["nonce"] = nonce.map(JSONValue.string)
    request["deadline_ms"] = deadlineMs.map { .number(JSONNumber($0)) }
    if explain { request["explain"] = true }
    return request
  }
}
