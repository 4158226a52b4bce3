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
    /// libcrypto does not accept the key.
    case rejected = "rejected_by_libcrypto"
    /// Another key has the same `kid` and algorithm, and nobody can say which one is meant.
    case ambiguous = "ambiguous_kid"
    /// The same key with the same `kid` stands earlier in the set.
    case listedTwice = "listed_twice"
    /// The key's private part stands in the set, so that anybody who reads the set can sign.
    case privateKeyPublished = "private_key_published"
  }

  /// A problem, and the member that has it where the problem does not say so itself.
  package struct Fault: Error, Equatable, Sendable {
    /// What is wrong, in a stable word.
    package var problem: Problem
    /// What is wrong with which member; `nil` where ``problem`` says all.
    package var flaw: Flaw?

    /// A problem, with its particulars if there are any.
    init(_ problem: Problem, _ flaw: Flaw? = nil) {
      self.problem = problem
      self.flaw = flaw
    }

    /// The configuration allows none of the algorithms that fit a key.
    static func notConfigured(_ fitting: AlgorithmSet) -> Fault {
      Fault(.algorithmNotConfigured, Flaw("algorithms", .allowsNone(of: fitting)))
    }
  }

  let kid: [UInt8]?
  let material: KeyMaterial
  /// The algorithms that both the key's type and its own `alg` allow.
  let algorithms: AlgorithmSet
  /// The only `iss` that the key is for, of an issuer with tenants; `nil` if it is for all of them.
  let issuer: [UInt8]?

  /// Reads one key.
  init(_ value: JSONValue) throws(Fault) {
    guard let object = value.objectValue else { throw Fault(.malformed, Flaw("the key", .notObject)) }
    let members = Members(object)
    let type = try members.text("kty")
    if let use = try members.optionalText("use"), !use.hasSameBytes(as: "sig") {
      let isMeant = use.lowercased().hasSameBytes(as: "sig")
      throw Fault(.notForSignatures, use.isEmpty ? Flaw("use", .empty) : isMeant ? Flaw("use", .notLowerCase) : nil)
    }
    if let operations = members["key_ops"] {
      guard let operations = operations.arrayValue else { throw Fault(.malformed, Flaw("key_ops", .notList)) }
      guard operations.contains("verify") else {
        throw Fault(.notForVerifying, operations.isEmpty ? Flaw("key_ops", .empty) : nil)
      }
    }
    let name = try members.optionalText("kid") ?? ""
    guard name.utf8.count <= KeySet.maximumKidBytes else {
      throw Fault(.malformed, Flaw("kid", .tooLong(bytes: name.utf8.count, most: KeySet.maximumKidBytes)))
    }
    kid = name.isEmpty ? nil : Array(name.utf8)
    material = try Self.material(members, type: type)
    // Microsoft identity platform, access tokens: the member has the template if the key is for every tenant.
    issuer = members["issuer"]?.stringValue.flatMap { IssuerName.isTemplate($0) ? nil : Array($0.utf8) }
    if let name = try members.optionalText("alg") {
      algorithms = AlgorithmSet(named: name).intersection(material.algorithms)
      if algorithms.isEmpty { throw Fault(.unsupportedAlgorithm, name.isEmpty ? Flaw("alg", .empty) : nil) }
    } else {
      algorithms = material.algorithms
    }
  }

  private static func material(_ members: Members, type: String) throws(Fault) -> KeyMaterial {
    // Compared as JSON strings, so byte for byte.
    switch JSONValue.string(type) {
    case "RSA":
      return .rsa(modulus: try number(members, "n"), exponent: try number(members, "e"))
    case "EC":
      let curve: EllipticCurve
      switch JSONValue.string(try members.text("crv")) {
      case "P-256": curve = .p256
      case "P-384": curve = .p384
      case "P-521": curve = .p521
      default: throw Fault(.unsupportedCurve)
      }
      // A coordinate that is too long is a fault even if it begins with zeros. One that is too short is not, because a
      // provider in the field strips zero bytes. So the length is checked before zeros are removed.
      let x = try coordinate(members, "x", of: curve)
      let y = try coordinate(members, "y", of: curve)
      return .ec(curve, x: x, y: y)
    case "OKP":
      switch JSONValue.string(try members.text("crv")) {
      case "Ed25519": return .ed25519(try members.bytes("x"))
      case "Ed448": return .ed448(try members.bytes("x"))
      default: throw Fault(.unsupportedCurve)
      }
    default: throw Fault(.unsupportedType)
    }
  }

  private static func coordinate(
    _ members: Members, _ name: StaticString, of curve: EllipticCurve
  ) throws(Fault) -> [UInt8] {
    let bytes = try members.bytes(name)
    guard bytes.count <= curve.coordinateBytes else {
      throw Fault(.coordinateTooLong, Flaw(name, .tooLong(bytes: bytes.count, most: curve.coordinateBytes)))
    }
    return trimmed(bytes)
  }

  private static func number(_ members: Members, _ name: StaticString) throws(Fault) -> [UInt8] {
    trimmed(try members.bytes(name))
  }

  private static func trimmed(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.drop { $0 == 0 }) }

  /// The members of one key; reading one throws what is wrong with it.
  private struct Members {
    private let object: JSONObject

    init(_ object: JSONObject) { self.object = object }

    /// A member; `null` counts as absent, because some libraries write it for members that a key does not have.
    subscript(_ name: String) -> JSONValue? { object[name] == .null ? nil : object[name] }

    func optionalText(_ name: StaticString) throws(Fault) -> String? {
      guard let value = self["\(name)"] else { return nil }
      guard let text = value.stringValue else { throw Fault(.malformed, Flaw(name, .notText)) }
      return text
    }

    func text(_ name: StaticString) throws(Fault) -> String {
      guard let text = try optionalText(name) else { throw Fault(.malformed, Flaw(name, .missing)) }
      return text
    }

    /// The bytes that a member gives in base64url (RFC 7515 section 2).
    func bytes(_ name: StaticString) throws(Fault) -> [UInt8] {
      let text = try text(name)
      guard let bytes = Base64URL.decode(text) else { throw Fault(.malformed, Flaw(name, .init(notBase64URL: text))) }
      guard !bytes.isEmpty else { throw Fault(.malformed, Flaw(name, .empty)) }
      return bytes
    }
  }
}

extension JWK.Problem {
  /// The problem that the crypto layer's fault stands for.
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
