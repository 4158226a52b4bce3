import BearerCrypto
import BearerJSON

/// One member of a key set's `keys` (RFC 7517 section 4), read as far as verifying needs it.
///
/// A key that cannot be used costs itself only: it is kept with the reason, so that an operator sees it, and every
/// other key of its set stays usable (RFC 7517 section 5).
package struct JWK {
  /// Why a key is not used, or what its owner must act on; the words that `status` shows.
  package enum Problem: String, Error, CaseIterable, Sendable {
    /// Not an object, or a member that is missing, of the wrong type or not base64url.
    case malformed
    case unsupportedType = "unsupported_kty"
    case unsupportedCurve = "unsupported_crv"
    /// `use` is not `sig`.
    case notForSignatures = "not_for_signatures"
    /// `key_ops` is there without `verify`.
    case notForVerifying = "not_for_verifying"
    /// `alg` names no algorithm of the table, or one of another type of key.
    case unsupportedAlgorithm = "unsupported_alg"
    /// The configuration's `algorithms` has none that fits the key.
    case algorithmNotConfigured = "alg_not_configured"
    case weakRSA = "rsa_too_small"
    case oversizedRSA = "rsa_too_large"
    case badExponent = "bad_rsa_exponent"
    case coordinateTooLong = "coordinate_too_long"
    case notOnCurve = "point_not_on_curve"
    case wrongLength = "wrong_key_length"
    /// libcrypto says no.
    case rejected = "rejected_by_libcrypto"
    /// Another key has the same `kid` and algorithm, and nobody can say which one is meant.
    case ambiguous = "ambiguous_kid"
    /// The same key under the same `kid` stands in the set before.
    case listedTwice = "listed_twice"
    /// The key's private part stands in the set, for all to see and to sign with.
    case privateKeyPublished = "private_key_published"
  }

  let kid: [UInt8]?
  let material: KeyMaterial
  /// What the key's own `alg` leaves of what its type allows.
  let algorithms: AlgorithmSet

  /// Reads one key.
  init(_ value: JSONValue) throws(Problem) {
    guard let object = value.objectValue else { throw .malformed }
    guard let type = object["kty"], type.stringValue != nil else { throw .malformed }
    // Some libraries write the members that a key does not have as null.
    func member(_ name: String) -> JSONValue? { object[name] == .null ? nil : object[name] }
    if let use = member("use") {
      guard use.stringValue != nil else { throw .malformed }
      guard use == "sig" else { throw .notForSignatures }
    }
    if let operations = member("key_ops") {
      guard let operations = operations.arrayValue else { throw .malformed }
      guard operations.contains("verify") else { throw .notForVerifying }
    }
    switch member("kid") {
    case nil, .string(""): kid = nil
    case .string(let text) where text.utf8.count <= KeySet.maximumKidBytes: kid = Array(text.utf8)
    default: throw .malformed
    }
    material = try Self.material(object, type: type)
    if let name = member("alg") {
      guard let name = name.stringValue else { throw .malformed }
      algorithms = AlgorithmSet(named: name).intersection(material.algorithms)
      if algorithms.isEmpty { throw .unsupportedAlgorithm }
    } else {
      algorithms = material.algorithms
    }
  }

  private static func material(_ object: JSONObject, type: JSONValue) throws(Problem) -> KeyMaterial {
    switch type {
    case "RSA":
      return .rsa(modulus: try number(object, "n"), exponent: try number(object, "e"))
    case "EC":
      let curve: EllipticCurve
      switch try curveName(object) {
      case "P-256": curve = .p256
      case "P-384": curve = .p384
      case "P-521": curve = .p521
      default: throw .unsupportedCurve
      }
      // Longer than the field is a fault even when what is longer is zeros; shorter is not (a provider in the field
      // strips zero bytes), so the length is looked at before zeros are removed.
      let x = try bytes(object, "x")
      let y = try bytes(object, "y")
      guard max(x.count, y.count) <= curve.coordinateBytes else { throw .coordinateTooLong }
      return .ec(curve, x: trimmed(x), y: trimmed(y))
    case "OKP":
      switch try curveName(object) {
      case "Ed25519": return .ed25519(try bytes(object, "x"))
      case "Ed448": return .ed448(try bytes(object, "x"))
      default: throw .unsupportedCurve
      }
    default: throw .unsupportedType
    }
  }

  /// The curve's name, as the JSON string that it is: JSON is compared byte for byte.
  private static func curveName(_ object: JSONObject) throws(Problem) -> JSONValue {
    guard let name = object["crv"], name.stringValue != nil else { throw .malformed }
    return name
  }

  private static func bytes(_ object: JSONObject, _ name: String) throws(Problem) -> [UInt8] {
    guard let text = object[name]?.stringValue, let bytes = Base64URL.decode(text), !bytes.isEmpty else {
      throw .malformed
    }
    return bytes
  }

  private static func number(_ object: JSONObject, _ name: String) throws(Problem) -> [UInt8] {
    trimmed(try bytes(object, name))
  }

  private static func trimmed(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.drop { $0 == 0 }) }
}

extension JWK.Problem {
  /// The word for what the crypto layer found.
  init(_ fault: PublicKeyFault) {
    switch fault {
    case .rsaModulusTooSmall: self = .weakRSA
    case .rsaModulusTooLarge: self = .oversizedRSA
    case .rsaExponentOutOfRange, .rsaExponentEven: self = .badExponent
    case .coordinateTooLong: self = .coordinateTooLong
    case .pointNotOnCurve: self = .notOnCurve
    case .wrongKeyLength: self = .wrongLength
    default: self = .rejected
    }
  }
}
