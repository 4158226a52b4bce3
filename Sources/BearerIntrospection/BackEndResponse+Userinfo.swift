import BearerClaims
import BearerJSON

/// The answer of OpenID Connect Core 1.0 section 5.3.2.
extension BackEndResponse {
  func userinfo() throws(BackEndFault) -> TokenStatus {
    switch status {
    case 200: break
    // Whatever the error's code: not every provider writes invalid_token (RFC 6750 section 3.1).
    case 401: return .inactive
    case 403:
      throw BackEndFault(
        .httpStatus, found: "\(origin) answered status 403 in place of 200 or 401",
        advice: "tokens may lack the scope openid, or this host may not ask")
    default: throw statusFault(advice: status >= 300 && status < 400 ? Self.redirectAdvice : nil)
    }
    let answer = try object()
    let bytes = answer.bytes
    guard let subject = answer.tape.value(of: "sub", bytes.span), answer.tape[subject].kind == .string,
      answer.tape[subject].length > 0
    else { throw badAnswer("an object without a sub") }
    return .active(ActiveToken(answer))
  }

  static let redirectAdvice =
    "give endpoint the address that answers itself; behind connect_to the provider must get the public Host and "
    + "X-Forwarded-Proto, or it sends clients to its public address"
}
