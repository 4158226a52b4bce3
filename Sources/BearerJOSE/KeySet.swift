import BearerCrypto
package import BearerJSON
import Synchronization

/// Why bytes are not accepted as a key set.
package enum KeySetFault: Error, Equatable, Sendable {
  /// Not the JSON that is accepted here.
  case notJSON(JSONError)
  /// JSON, but not an object with an array `keys` (RFC 7517 section 5).
  case notAKeySet
  /// A set without keys.
  case empty
  /// A set without a usable key: the entries that are kept, each with its problem, and how many are not kept.
  case noUsableKey([KeySet.Entry], leftOut: Int)
  /// libcrypto failed on a key that may be good; without the key, the set would have good tokens refused.
  case undecided
}

/// An immutable set of an issuer's keys, compiled once (RFC 7517 section 5).
package struct KeySet: Sendable {
  /// One key of the set as `status` shows it, usable or not.
  package struct Entry: Equatable, Sendable {
    /// The key's name, if it has one.
    package var kid: String?
    /// The type, if it is a string.
    package var kty: String?
    /// The algorithm that the key names, if any.
    package var alg: String?
    /// The curve, if it names one.
    package var crv: String?
    /// What it is for (`use`), if it says so.
    package var use: String?
    /// Whether tokens can be verified with it.
    package var isUsable: Bool
    /// Why the key is not usable; or what the owner of a usable key must act on: ``JWK/Problem/privateKeyPublished``,
    /// or ``JWK/Problem/ambiguous`` for some of its algorithms.
    package var problem: JWK.Problem?
    /// What is wrong with which member, where ``problem`` does not say it.
    package var flaw: JWK.Flaw?
  }

  /// A key with its name, and the algorithms for which no other key has the name.
  struct Candidate: Sendable {
    let kid: [UInt8]?
    let key: VerificationKey
    var algorithms: AlgorithmSet
    /// The only `iss` that the key is for, of an issuer with tenants.
    var issuer: [UInt8]?

    /// Whether it may have signed a token of this `iss` with one of these algorithms.
    func fits(_ wanted: AlgorithmSet, _ issuer: [UInt8]?) -> Bool {
      !algorithms.isDisjoint(with: wanted) && (issuer == nil || self.issuer == nil || self.issuer == issuer)
    }
  }

  /// The keys that may have signed a token, by its header.
  enum Choice {
    case none
    /// The key that the token names; or the only one it can be, if the token or the key has no name.
    case one(VerificationKey, isNamed: Bool)
    /// The token names no key; each may be tried, in the set's order.
    case several([VerificationKey])

    /// Whether the token names the key, so that no other can be meant.
    var isNamed: Bool {
      if case .one(_, isNamed: true) = self { return true }
      return false
    }
  }

  /// How many keys are tried for a token that names none: each try costs a signature check (`protocol.md` section 6.3).
  static let maximumTries = 4

  /// How many unusable keys are kept for `status`: a mebibyte has room for 340,000, and showing one costs more than
  /// sending one.
  package static let maximumUnusableEntries = 1000

  /// How many keys are compiled of one set: each costs kilobytes, and every change and `status` goes through them all.
  package static let maximumUsableKeys = 1000

  /// The longest `kid` of a key, in bytes: it is held, compared and repeated in replies.
  package static let maximumKidBytes = 256

  /// The keys in the set's order: the first ``maximumUsableKeys`` that can be used, and of the others the first
  /// ``maximumUnusableEntries``.
  package let entries: [Entry]
  /// How many keys are not among the entries.
  package let leftOut: Int
  /// How many keys can be used.
  package var usableKeys: Int { candidates.count }
  /// For each key that can be used, the algorithms that it may be used with.
  package var usableAlgorithms: [AlgorithmSet] { candidates.map(\.algorithms) }

  /// Identifies this set in this process; never used again.
  package let serial: UInt64

  private let candidates: [Candidate]
  /// The candidates by name; empty if they are so few that looking through them is faster.
  private let byName: [[UInt8]: [Candidate]]
  /// The candidates without a name.
  private let unnamed: [Candidate]
  /// Up to how many candidates are looked through one by one.
  private static let fewCandidates = 8
  private static let lastSerial = Atomic<UInt64>(0)

  /// Reads and compiles a set.
  ///
  /// - Parameters:
  ///   - bytes: The response's or file's content.
  ///   - algorithms: What the issuer may use; keys that fit none of it are skipped.
  ///   - previous: The set that is replaced; a key that it holds is not compiled again.
  ///   - usesPublishedPrivateKeys: Whether a key is used whose private part stands in the set. Only where nobody else
  ///     could read it: in a file or from a provider on this host.
  /// - Throws: `KeySetFault`, if the bytes must not replace a set.
  package init(
    parsing bytes: [UInt8], algorithms: Set<Algorithm>, reusing previous: KeySet? = nil,
    usesPublishedPrivateKeys: Bool = true
  ) throws(KeySetFault) {
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONValue(parsing: bytes)
    } catch {
      throw .notJSON(error)
    }
    guard let keys = document["keys"]?.arrayValue else { throw .notAKeySet }
    if keys.isEmpty { throw .empty }
    let allowed = AlgorithmSet(algorithms)
    var known: [KeyMaterial: VerificationKey] = [:]
    for candidate in previous?.candidates ?? [] { known[candidate.key.material] = candidate.key }

    var entries: [Entry] = []
    var unusable = 0
    var leftOut = 0
    var candidates: [Candidate] = []
    var entryOfCandidate: [Int] = []
    var listed: Set<Listing> = []
    var isUndecided = false
    for value in keys {
      var entry = Entry(value)
      do throws(JWK.Fault) {
        let jwk = try JWK(value)
        if !listed.insert(Listing(kid: jwk.kid, material: jwk.material, algorithms: jwk.algorithms)).inserted {
          throw JWK.Fault(.listedTwice)
        }
        if entry.problem == .privateKeyPublished, !usesPublishedPrivateKeys { throw JWK.Fault(.privateKeyPublished) }
        if candidates.count >= Self.maximumUsableKeys {
          leftOut += 1
          continue
        }
        guard let key = try Self.compile(jwk, allowed, known: &known) else {
          isUndecided = true
          break
        }
        let algorithms = jwk.algorithms.intersection(key.algorithms)
        if algorithms.isEmpty { throw .notConfigured(jwk.algorithms) }
        candidates.append(Candidate(kid: jwk.kid, key: key, algorithms: algorithms, issuer: jwk.issuer))
        entryOfCandidate.append(entries.count)
      } catch {
        entry.isUsable = false
        entry.problem = error.problem
        entry.flaw = error.flaw
        unusable += 1
        if unusable > Self.maximumUnusableEntries { continue }
      }
      entries.append(entry)
    }
    if isUndecided { throw .undecided }
    let unambiguous = Self.withoutAmbiguous(candidates)
    for (index, candidate) in unambiguous.enumerated() where candidate.algorithms != candidates[index].algorithms {
      let isUsable = !candidate.algorithms.isEmpty
      let position = entryOfCandidate[index]
      entries[position].isUsable = isUsable
      // A published private key is worse than an ambiguous name.
      if !isUsable || entries[position].problem == nil { entries[position].problem = .ambiguous }
    }
    candidates = unambiguous.filter { !$0.algorithms.isEmpty }
    leftOut += max(0, unusable - Self.maximumUnusableEntries)
    if candidates.isEmpty { throw .noUsableKey(entries, leftOut: leftOut) }
    self.entries = entries
    self.leftOut = leftOut
    self.candidates = candidates
    unnamed = candidates.filter { $0.kid == nil }
    byName =
      candidates.count <= Self.fewCandidates
      ? [:] : Dictionary(grouping: candidates.filter { $0.kid != nil }) { $0.kid ?? [] }
    serial = Self.lastSerial.add(1, ordering: .relaxed).newValue
  }

  /// Chooses what to verify with (`protocol.md` section 6.3).
  ///
  /// A token that names a key gets that key if its algorithm fits; else the only fitting key without a name, for an
  /// issuer that names its keys in tokens but not in its set. A token that names none may try the fitting ones.
  ///
  /// - Parameters:
  ///   - kid: The name, if the token has one.
  ///   - algorithms: What the token may be signed with.
  ///   - issuer: The `iss` of a token whose issuer has tenants; keys for another `iss` are left out.
  /// - Returns: The keys to try.
  func choose(kid: [UInt8]?, algorithms: AlgorithmSet, issuer: [UInt8]? = nil) -> Choice {
    guard let kid else { return chooseWithoutName(algorithms, issuer) }
    let named = byName.isEmpty ? candidates : byName[kid] ?? []
    for candidate in named where candidate.kid == kid && candidate.fits(algorithms, issuer) {
      return .one(candidate.key, isNamed: true)
    }
    var only: VerificationKey?
    for candidate in unnamed where candidate.fits(algorithms, issuer) {
      if let only, only !== candidate.key { return .none }
      only = candidate.key
    }
    return only.map { .one($0, isNamed: false) } ?? .none
  }

  private func chooseWithoutName(_ algorithms: AlgorithmSet, _ issuer: [UInt8]?) -> Choice {
    var keys: [VerificationKey] = []
    for candidate in candidates where candidate.fits(algorithms, issuer) {
      // The same key under two names is one try.
      if keys.contains(where: { $0 === candidate.key }) { continue }
      keys.append(candidate.key)
      if keys.count == Self.maximumTries { break }
    }
    return keys.count == 1 ? .one(keys[0], isNamed: false) : keys.isEmpty ? .none : .several(keys)
  }

  private struct Listing: Hashable {
    let kid: [UInt8]?
    let material: KeyMaterial
    let algorithms: AlgorithmSet
  }

  /// Compiles a key; `nil` if libcrypto failed on one that may be good.
  private static func compile(
    _ jwk: JWK, _ allowed: AlgorithmSet, known: inout [KeyMaterial: VerificationKey]
  ) throws(JWK.Fault) -> VerificationKey? {
    let material = jwk.material
    let algorithms = material.algorithms.intersection(allowed)
    if algorithms.isEmpty { throw .notConfigured(jwk.algorithms) }
    if let key = known[material], key.algorithms == algorithms { return key }
    do throws(PublicKeyFault) {
      let key = try VerificationKey(material, algorithms: algorithms)
      known[material] = key
      return key
    } catch {
      if error == .undecided { return nil }
      throw JWK.Fault(JWK.Problem(error))
    }
  }

  /// Takes from keys of one name every algorithm that more than one of them could verify.
  ///
  /// Equal names with different algorithms are legal (RFC 7517 section 4.5). With equal algorithms, the order of a list
  /// would decide whom to trust.
  private static func withoutAmbiguous(_ candidates: [Candidate]) -> [Candidate] {
    var candidates = candidates
    var byName: [[UInt8]: [Int]] = [:]
    for (index, candidate) in candidates.enumerated() {
      if let kid = candidate.kid { byName[kid, default: []].append(index) }
    }
    for indices in byName.values where indices.count > 1 {
      var shared: AlgorithmSet = []
      for (position, index) in indices.enumerated() {
        for other in indices[..<position] where candidates[other].key !== candidates[index].key {
          shared.formUnion(candidates[other].algorithms.intersection(candidates[index].algorithms))
        }
      }
      for index in indices { candidates[index].algorithms.subtract(shared) }
    }
    return candidates
  }
}

extension KeySet.Entry {
  /// What can be shown of a key before it is known whether it can be used.
  fileprivate init(_ value: JSONValue) {
    kid = value["kid"]?.stringValue.flatMap { $0.utf8.count <= KeySet.maximumKidBytes ? $0 : nil }
    kty = value["kty"]?.stringValue
    alg = value["alg"]?.stringValue
    crv = value["crv"]?.stringValue
    use = value["use"]?.stringValue
    isUsable = true
    problem = value["d"] == nil || value["d"] == .null ? nil : .privateKeyPublished
  }
}
