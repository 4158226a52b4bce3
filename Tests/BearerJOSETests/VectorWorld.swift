import BearerClaims
import BearerJOSE
import BearerJSON
import Foundation

/// The issuers, policies and key sets that vectors name, read from `Vectors`.
struct VectorWorld: Sendable {
  /// What a file that cannot be understood is refused with.
  enum Fault: Error {
    case unreadable(String)
    case unknownMember(String)
    case badValue(String)
  }

  /// Read once: no test changes it.
  static let shared = Result { try VectorWorld() }

  private struct KnownIssuer {
    var name: String
    var url: String
    var algorithms: [String]
    var keys: String?
  }

  private let issuers: [KnownIssuer]
  private let policies: [String: Policy]
  private let keySets: [String: [UInt8]]
  private let shelf = KeySetShelf()

  private init() throws {
    let issuers = try Self.json("issuers.json").objectValue?.members ?? []
    self.issuers = try issuers.map { member in
      KnownIssuer(
        name: member.name, url: try Self.string(member.value["url"], "url"),
        algorithms: try Self.strings(member.value["algorithms"], "algorithms"),
        keys: member.value["keys"]?.stringValue)
    }
    var policies: [String: Policy] = [:]
    for (name, path) in try Self.files("policies", ".json") {
      policies[name] = try Policy(name: name, json: Self.json(path))
    }
    self.policies = policies
    var keySets: [String: [UInt8]] = [:]
    for (name, path) in try Self.files("keys", ".jwks.json") { keySets[name] = try Self.bytes(path) }
    self.keySets = keySets
  }

  /// What a vector asks, and the keys to answer it with.
  struct Trial {
    /// `nil` if the request cannot be met under the policy.
    var input: VerificationInput?
    var keys: [KeySet]
  }

  /// Prepares what a vector asks.
  func trial(of vector: Vector) throws -> Trial {
    var issuers: [Issuer] = []
    var keys: [KeySet] = []
    for issuer in self.issuers {
      let names = issuer.name == "main" ? vector.algorithms ?? issuer.algorithms : issuer.algorithms
      let algorithms = Set(names.flatMap { AlgorithmSet(named: $0).algorithms })
      issuers.append(Issuer(name: issuer.name, url: issuer.url, algorithms: algorithms))
      let name = issuer.keys ?? vector.keys
      guard let bytes = keySets[name] else { throw Fault.unreadable(name) }
      keys.append(try shelf.keySet(name, algorithms, parsing: bytes))
    }
    guard let policy = policies[vector.policy] else { throw Fault.unreadable(vector.policy) }
    let constraints = try RequestConstraints(json: vector.request ?? JSONObject())
    let effective = EffectivePolicy(EffectivePolicy(policy, issuers: issuers.map(\.name)), adding: constraints)
    let now = NumericDate(seconds: vector.now)
    let table = IssuerTable(issuers)
    return Trial(input: effective.map { VerificationInput(issuers: table, policy: $0, now: now) }, keys: keys)
  }

  private static func files(_ directory: String, _ suffix: String) throws -> [(name: String, path: String)] {
    let path = Vector.directory.appending(path: directory).path(percentEncoded: false)
    return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(suffix) }
      .map { (String($0.dropLast(suffix.count)), "\(directory)/\($0)") }
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: Vector.directory.appending(path: path)))
  }

  private static func json(_ path: String) throws -> JSONValue { try JSONValue(parsing: bytes(path)) }

  fileprivate static func string(_ value: JSONValue?, _ name: String) throws -> String {
    guard let text = value?.stringValue else { throw Fault.badValue(name) }
    return text
  }

  fileprivate static func strings(_ value: JSONValue?, _ name: String) throws -> [String] {
    guard let elements = value?.arrayValue else { throw Fault.badValue(name) }
    return try elements.map { try string($0, name) }
  }

  /// A duration of the configuration file.
  fileprivate static func duration(_ value: JSONValue, _ name: String) throws -> Duration {
    let text = try string(value, name)
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()) else {
      throw Fault.badValue(name)
    }
    return .seconds(count * unit)
  }
}

extension Policy {
  /// A policy from the members of a `[policy.NAME]` table.
  fileprivate init(name: String, json: JSONValue) throws {
    self.init(name: name, issuers: [], audiences: [])
    for member in json.objectValue?.members ?? [] {
      let value = member.value
      switch member.name {
      case "issuers": issuers = try VectorWorld.strings(value, member.name)
      case "audiences": audiences = try VectorWorld.strings(value, member.name)
      case "audience_check": checksAudience = value.boolValue ?? true
      case "token_type":
        guard let type = TokenType(rawValue: try VectorWorld.string(value, member.name)) else {
          throw VectorWorld.Fault.badValue(member.name)
        }
        tokenType = type
      case "leeway": leeway = try VectorWorld.duration(value, member.name)
      case "scopes": scopes = try VectorWorld.strings(value, member.name)
      case "scope_claims": scopeClaims = try VectorWorld.strings(value, member.name)
      case "clients": clients = try VectorWorld.strings(value, member.name)
      case "required_claims": requiredClaims = try VectorWorld.strings(value, member.name)
      case "claims": claims = try (value.objectValue?.members ?? []).map(ClaimRequirement.init(json:))
      case "max_age": maximumAge = try VectorWorld.duration(value, member.name)
      case "acr_values": acrValues = try VectorWorld.strings(value, member.name)
      case "sender_constraint": refusesSenderConstrained = value != "ignore"
      default: throw VectorWorld.Fault.unknownMember(member.name)
      }
    }
  }
}

extension ClaimRequirement {
  fileprivate init(json member: JSONObject.Member) throws {
    let values = try (member.value.arrayValue ?? [member.value]).map { value -> ClaimValue in
      switch value {
      case .string(let text): return .string(text)
      case .bool(let flag): return .boolean(flag)
      default:
        guard let integer = value.integerValue else { throw VectorWorld.Fault.badValue(member.name) }
        return .integer(integer)
      }
    }
    self.init(claim: member.name, anyOf: values)
  }
}

extension RequestConstraints {
  /// The tightening members of a `verify` request.
  fileprivate init(json: JSONObject) throws {
    self.init()
    for member in json.members {
      let value = member.value
      func words() throws -> [[UInt8]] {
        try VectorWorld.string(value, member.name).split(separator: " ").map { Array($0.utf8) }
      }
      switch member.name {
      case "audience":
        audiences = try (value.stringValue.map { [$0] } ?? VectorWorld.strings(value, member.name)).map {
          Array($0.utf8)
        }
      case "scope": scopes = try words()
      case "max_age": maximumAge = value.integerValue
      case "acr_values": acrValues = try words()
      case "nonce": nonce = Array(try VectorWorld.string(value, member.name).utf8)
      default: throw VectorWorld.Fault.unknownMember(member.name)
      }
    }
  }
}
