import BearerCrypto
import BearerJOSE
import BearerJSON
import BearerSigning
import Foundation

/// The keys and the issuer of the vectors, for tokens that are really signed.
struct SignedTokens {
  /// The directory of the vectors.
  static let vectors = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "BearerJOSETests/Vectors")

  /// The value of `iss`, and of `aud`.
  static let issuer = "https://issuer.example"
  static let audience = "https://api.example"
  static let algorithms: Set<Algorithm> = [.rs256, .ps256, .es256, .es384, .ed25519, .ed448]

  /// The issuer's key set as it is published.
  let body: [UInt8]
  let keySet: KeySet
  /// The private keys by their kid.
  let keys: [String: SigningKey]

  init() throws {
    body = Array(try Data(contentsOf: Self.vectors.appending(path: "keys/main.jwks.json")))
    keySet = try KeySet(parsing: body, algorithms: Self.algorithms)
    var keys: [String: SigningKey] = [:]
    for kid in ["rsa", "rsa-b", "rsa-3072", "p256", "p384", "ed25519", "ed448"] {
      keys[kid] = try SigningKey(pem: Array(try Data(contentsOf: Self.vectors.appending(path: "keys/\(kid).pem"))))
    }
    self.keys = keys
  }

  /// A token with these bytes as header and payload, signed by the key `ed25519` whatever the header says.
  func token(header: [UInt8], payload: [UInt8]) throws -> [UInt8] {
    let message = Array("\(Base64URL.encode(header)).\(Base64URL.encode(payload))".utf8)
    guard let signature = try keys["ed25519"]?.sign(message, algorithm: "EdDSA") else { return [] }
    return message + Array(".\(Base64URL.encode(signature))".utf8)
  }

  /// Whether a token's signature is that of one of the keys, by the obvious way: made again where signing has one result
  /// only, otherwise put before libcrypto with a key that comes from the private one.
  func isSigned(_ token: [UInt8]) -> Bool {
    let segments = token.split(separator: 0x2E, omittingEmptySubsequences: false).map(Array.init)
    guard segments.count == 3, let header = SlowJSON.read(Self.decode(segments[0]) ?? []),
      let algorithm = header["alg"]?.utf8.map({ String(decoding: $0, as: UTF8.self) }),
      let signature = Self.decode(segments[2])
    else { return false }
    let message = segments[0] + [0x2E] + segments[1]
    let kid = header["kid"]?.utf8.map { String(decoding: $0, as: UTF8.self) } ?? ""
    return keys.contains { name, key in
      if !kid.isEmpty, !kid.hasSameBytes(as: name) { return false }
      return switch (key.publicParameters, algorithm) {
      case (.okp, "EdDSA"), (.okp, "Ed25519"), (.okp, "Ed448"), (.rsa, "RS256"):
        (try? key.sign(message, algorithm: algorithm)) == signature
      case (.rsa(let modulus, let exponent), "PS256"):
        (try? PublicKey.rsa(modulus: modulus, exponent: exponent))?.verifier(for: .rsaPSS(.sha256))?.check(
          signature: signature.span, over: message.span) == .good
      case (.ec(.p256, let x, let y), "ES256"):
        (try? PublicKey.ec(.p256, x: x, y: y))?.verifier(for: .ecdsa(.p256, .sha256))?.check(
          signature: signature.span, over: message.span) == .good
      case (.ec(.p384, let x, let y), "ES384"):
        (try? PublicKey.ec(.p384, x: x, y: y))?.verifier(for: .ecdsa(.p384, .sha384))?.check(
          signature: signature.span, over: message.span) == .good
      default: false
      }
    }
  }

  /// The bytes of canonical base64url, by Foundation.
  static func decode(_ segment: [UInt8]) -> [UInt8]? {
    guard !segment.contains(where: { [0x2B, 0x2F, 0x3D].contains($0) }) else { return nil }
    var text = String(decoding: segment, as: UTF8.self).replacing("-", with: "+").replacing("_", with: "/")
    text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else { return nil }
    return Array(data)
  }
}
