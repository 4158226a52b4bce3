/// How this daemon authenticates itself to a back-end (`client_auth`).
package enum ClientAuthentication: String, CaseIterable, Sendable {
  /// The name and the secret of a client in the field `Authorization` (RFC 6749 section 2.3.1).
  case secretBasic = "client_secret_basic"
  /// The name and the secret of a client in the form (RFC 6749 section 2.3.1).
  case secretPost = "client_secret_post"
  /// The client certificate of the connection, and the name in the form (RFC 8705 section 2).
  case tls = "tls_client_auth"
  /// A bearer token (RFC 7662 section 2.1).
  case bearer
  /// Nothing: the endpoint is reachable only for those who may ask.
  case none

  /// The configuration's key for the file of the secret or token.
  package var secretFileKey: String { self == .bearer ? "bearer_token_file" : "client_secret_file" }
}

/// How the name and the secret of `client_secret_basic` are written (`basic_encoding`).
package enum BasicEncoding: String, CaseIterable, Sendable {
  /// Each encoded as in a form first (RFC 6749 section 2.3.1).
  case form
  /// As they are, for servers that do not decode them.
  case raw
}

/// What is sent to authenticate this daemon to a back-end.
package struct ClientCredentials: Equatable, Sendable {
  /// The value of the field `Authorization`, if there is one.
  package var authorization: String?
  /// Members of the form.
  package var formMembers: [String: [UInt8]] = [:]
  /// What to do if the back-end does not accept them; a sentence without its full stop.
  package let adviceIfRefused: String

  /// The credentials of a client.
  ///
  /// - Parameters:
  ///   - method: How the daemon authenticates itself.
  ///   - clientID: The client's name; needed by all but `bearer` and `none`.
  ///   - secret: The secret, or the token of `bearer`.
  ///   - encoding: How both are written in `client_secret_basic`.
  package init(_ method: ClientAuthentication, clientID: String, secret: [UInt8], encoding: BasicEncoding) {
    let name = Array(clientID.utf8)
    let ofClients = "check client_id, client_auth and the secret, and that this client may introspect"
    switch method {
    case .secretBasic:
      let (encodedName, encodedSecret) = (FormEncoding.encode(name), FormEncoding.encode(secret))
      let isEncoded = encoding == .form && (encodedName != name || encodedSecret != secret)
      let shown = isEncoded ? (encodedName, encodedSecret) : (name, secret)
      authorization = "Basic " + Self.base64(shown.0 + [UInt8(ascii: ":")] + shown.1)
      let ofEncoding = "; a server that does not decode special characters in them needs basic_encoding = \"raw\""
      adviceIfRefused = ofClients + (isEncoded ? ofEncoding : "")
    case .secretPost:
      formMembers = ["client_id": name, "client_secret": secret]
      adviceIfRefused = ofClients
    case .tls:
      formMembers = ["client_id": name]
      adviceIfRefused = "check client_id and client_certificate, and that this client may introspect"
    case .bearer:
      authorization = "Bearer " + String(decoding: secret, as: UTF8.self)
      adviceIfRefused = "check the token in bearer_token_file, and that whoever has it may introspect"
    case .none:
      adviceIfRefused = "set client_auth and what belongs to it: the back-end wants to know who asks"
    }
  }

  /// The base64 of RFC 4648 section 4.
  static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
      for index in 0..<4 {
        text.append(index <= part.count ? alphabet[bits >> (18 - 6 * index) & 0x3F] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
