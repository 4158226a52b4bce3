import BearerClaims
import BearerConfiguration
import BearerJOSE
import BearerJSON
import BearerTOML
import Foundation

/// The issuers, policies and key sets that vectors name, read from `Vectors`.
struct VectorFixtures: Sendable {
  /// What a file that cannot be understood is refused with.
  enum Fault: Error {
    case unreadable(String)
    case unknownMember(String)
    case badValue(String)
  }

  /// Read once: no test changes it.
  static let shared = Result { try VectorFixtures() }

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
    policies = try Self.policies(of: self.issuers.map(\.name))
    var keySets: [String: [UInt8]] = [:]
    for (name, path) in try Self.files("keys", ".jwks.json") { keySets[name] = try Self.bytes(path) }
    self.keySets = keySets
  }

  /// Policies are read as the daemon reads them: each file has the members of a `[policy.NAME]` table.
  private static func policies(of issuers: [String]) throws -> [String: Policy] {
    var lines = issuers.flatMap { ["[issuer.\($0)]", "url = \"https://\($0).example\""] }
    for (name, path) in try files("policies", ".json") {
      lines.append("[policy.\(TOMLText.string(name))]")
      lines += try (json(path).objectValue?.members ?? []).map { "\($0.name) = \($0.value.asTOML)" }
    }
    let table = try TOMLReader.read(Array(lines.joined(separator: "\n").utf8))
    let policies = try Configuration(reading: table, environment: [:]).policies
    return Dictionary(uniqueKeysWithValues: policies.map { ($0.name, $0) })
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
}

extension JSONValue {
  /// The same value as TOML writes it, as far as policies have such values.
  fileprivate var asTOML: String {
    if let text = stringValue { return TOMLText.string(text) }
    if let elements = arrayValue { return "[" + elements.map(\.asTOML).joined(separator: ", ") + "]" }
    if let object = objectValue {
      return "{ " + object.members.map { "\($0.name) = \($0.value.asTOML)" }.joined(separator: ", ") + " }"
    }
    return String(decoding: serialized(), as: UTF8.self)
  }
}

extension RequestConstraints {
  /// The tightening members of a `verify` request.
  fileprivate init(json: JSONObject) throws {
    self.init()
    for member in json.members {
      let value = member.value
      func words() throws -> [[UInt8]] {
        try VectorFixtures.string(value, member.name).split(separator: " ").map { Array($0.utf8) }
      }
      switch member.name {
      case "audience":
        audiences = try (value.stringValue.map { [$0] } ?? VectorFixtures.strings(value, member.name)).map {
          Array($0.utf8)
        }
      case "scope": scopes = try words()
      case "max_age": maximumAge = value.integerValue
      case "acr_values": acrValues = try words()
      case "nonce": nonce = Array(try VectorFixtures.string(value, member.name).utf8)
      default: throw VectorFixtures.Fault.unknownMember(member.name)
      }
    }
  }
}
