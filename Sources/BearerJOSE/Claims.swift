import BearerJSON

/// Where the claims stand that the verifier interprets; found in one pass over the payload.
///
/// A claim that is `null` is taken as absent: it is a provider's way to say that there is nothing, and what a policy
/// requires must be present and not null.
struct Claims {
  /// The index of each claim's value in the payload's tape.
  var issuer: Int?
  var subject: Int?
  var audience: Int?
  var expiry: Int?
  var notBefore: Int?
  var issuedAt: Int?
  var tokenID: Int?
  var clientID: Int?
  var authorizedParty: Int?
  var nonce: Int?
  var authenticationTime: Int?
  var authenticationContext: Int?
  var confirmation: Int?
  var events: Int?
  var accessTokenHash: Int?
  var codeHash: Int?

  /// No claims.
  init() {}

  /// Finds the claims of a payload that is an object.
  init(_ tape: JSONTape, _ bytes: Span<UInt8>) {
    let end = Int(tape[0].next)
    var name = 1
    while name < end {
      let value = name + 1
      let node = tape[name]
      // Escapes hide a name's length; both spellings take the same way.
      let length = node.hasEscapes ? tape.unescaped(name, bytes).count : Int(node.end - node.start)
      if tape[value].kind != .null {
        switch length {
        case 3:
          if tape.string(name, equals: "iss", bytes) {
            issuer = value
          } else if tape.string(name, equals: "sub", bytes) {
            subject = value
          } else if tape.string(name, equals: "aud", bytes) {
            audience = value
          } else if tape.string(name, equals: "exp", bytes) {
            expiry = value
          } else if tape.string(name, equals: "nbf", bytes) {
            notBefore = value
          } else if tape.string(name, equals: "iat", bytes) {
            issuedAt = value
          } else if tape.string(name, equals: "jti", bytes) {
            tokenID = value
          } else if tape.string(name, equals: "azp", bytes) {
            authorizedParty = value
          } else if tape.string(name, equals: "acr", bytes) {
            authenticationContext = value
          } else if tape.string(name, equals: "cnf", bytes) {
            confirmation = value
          }
        case 5: if tape.string(name, equals: "nonce", bytes) { nonce = value }
        case 6:
          if tape.string(name, equals: "events", bytes) {
            events = value
          } else if tape.string(name, equals: "c_hash", bytes) {
            codeHash = value
          }
        case 7: if tape.string(name, equals: "at_hash", bytes) { accessTokenHash = value }
        case 9:
          if tape.string(name, equals: "client_id", bytes) {
            clientID = value
          } else if tape.string(name, equals: "auth_time", bytes) {
            authenticationTime = value
          }
        default: break
        }
      }
      name = Int(tape[value].next)
    }
  }
}
