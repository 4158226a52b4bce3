import BearerJOSE
package import BearerSigning

/// A real signing key of a test with the JWK that a provider would publish for it (RFC 7517).
package struct TestKey: Sendable {
  /// The private key.
  package let signing: SigningKey
  /// The key's name.
  package let kid: String
  /// The public key as JSON text.
  package let jwk: String

  /// Makes a key.
  ///
  /// - Parameters:
  ///   - kid: The key's name.
  ///   - kind: What kind of key.
  ///   - members: Further members as JSON text, such as `"use":"sig"`; empty for none.
  /// - Throws: What libcrypto refuses.
  package init(kid: String, kind: SigningKey.Parameters = .ec(.p256), members: String = "") throws {
    signing = try SigningKey.generate(kind)
    self.kid = kid
    let material =
      switch signing.publicParameters {
      case .rsa(let n, let e): #""kty":"RSA","n":"\#(Self.base64URL(n))","e":"\#(Self.base64URL(e))""#
      case .ec(let curve, let x, let y):
        #""kty":"EC","crv":"\#(curve.rawValue)","x":"\#(Self.base64URL(x))","y":"\#(Self.base64URL(y))""#
      case .okp(let crv, let x): #""kty":"OKP","crv":"\#(crv)","x":"\#(Self.base64URL(x))""#
      }
    jwk = #"{"kid":"\#(kid)",\#(material)\#(members.isEmpty ? "" : ",")\#(members)}"#
  }

  /// The key set that publishes these keys, as JSON text.
  package static func set(_ keys: TestKey...) -> String {
    #"{"keys":[\#(keys.map(\.jwk).joined(separator: ","))]}"#
  }

  /// RFC 4648 section 5, without padding.
  package static func base64URL(_ bytes: [UInt8]) -> String { Base64URL.encode(bytes) }
}
