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
  package init(kid: String, kind: SigningKey.Kind = .ec(.p256), members: String = "") throws {
    signing = try SigningKey.generate(kind)
    self.kid = kid
    let material =
      switch signing.publicParameters {
      case .rsa(let n, let e): #""kty":"RSA","n":"\#(Self.base64URL(n))","e":"\#(Self.base64URL(e))""#
      case .ec(let curve, let x, let y):
        #""kty":"EC","crv":"\#(Self.name(of: curve))","x":"\#(Self.base64URL(x))","y":"\#(Self.base64URL(y))""#
      case .okp(let crv, let x): #""kty":"OKP","crv":"\#(crv)","x":"\#(Self.base64URL(x))""#
      }
    jwk = #"{"kid":"\#(kid)",\#(material)\#(members.isEmpty ? "" : ",")\#(members)}"#
  }

  /// The key set that publishes these keys, as JSON text.
  package static func set(_ keys: TestKey...) -> String {
    #"{"keys":[\#(keys.map(\.jwk).joined(separator: ","))]}"#
  }

  private static func name(of curve: SigningKey.Curve) -> String {
    switch curve {
    case .p256: "P-256"
    case .p384: "P-384"
    case .p521: "P-521"
    }
  }

  /// RFC 4648 section 5, without padding.
  package static func base64URL(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for index in 0...group.count { text.append(alphabet[(bits >> (18 - 6 * index)) & 63]) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
