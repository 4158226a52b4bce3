import BearerClaims
import BearerJSON
import BearerProtocol
import BearerSigning
import Testing

@testable import BearerJOSE

@Suite("Key sets")
struct KeySetTests {
  private static let all = Set(Algorithm.allCases)

  private static let ec = try? SigningKey.generate(.ec(.p256))
  private static let other = try? SigningKey.generate(.ec(.p256))

  private func jwk(_ key: SigningKey?, _ members: JSONObject = [:]) throws -> JSONValue {
    var object: JSONObject = [:]
    switch try #require(key).publicParameters {
    case .rsa(let n, let e):
      object = ["kty": "RSA", "n": .string(Base64URL.encode(n)), "e": .string(Base64URL.encode(e))]
    case .ec(_, let x, let y):
      object = [
        "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(x)), "y": .string(Base64URL.encode(y)),
      ]
    case .okp(let curve, let x):
      object = ["kty": "OKP", "crv": .string(curve), "x": .string(Base64URL.encode(x))]
    }
    for member in members.members { object[member.name] = member.value }
    return .object(object)
  }

  private func set(
    _ keys: [JSONValue], algorithms: Set<Algorithm> = all, reusing previous: KeySet? = nil
  ) throws(KeySetFault) -> KeySet {
    try KeySet(
      parsing: JSONValue.object(["keys": .array(keys)]).serialized(), algorithms: algorithms, reusing: previous)
  }

  @Test(
    "what must not replace a set is refused by kind",
    arguments: [
      ("", KeySetFault.notJSON(JSONError(.unexpectedEnd, at: 0))),
      ("<html>", .notJSON(JSONError(.unexpectedByte, at: 0))),
      (#"{"keys":[],"keys":[]}"#, .notJSON(JSONError(.duplicateMember, at: 11))),
      ("[]", .notAKeySet), ("{}", .notAKeySet), (#"{"keys":{}}"#, .notAKeySet), (#"{"keys":[]}"#, .empty),
    ] as [(String, KeySetFault)])
  func faults(text: String, fault: KeySetFault) {
    #expect(throws: fault) { try KeySet(parsing: Array(text.utf8), algorithms: Self.all) }
  }

  @Test(
    "a bad key costs itself only, and its reason is told",
    arguments: [
      (["use": "enc"], "not_for_signatures"), (["use": 1], "malformed"), (["key_ops": ["sign"]], "not_for_verifying"),
      (["key_ops": "verify"], "malformed"), (["alg": "ES384"], "unsupported_alg"),
      (["alg": "HS256"], "unsupported_alg"),
      (["alg": "RSA-OAEP"], "unsupported_alg"), (["alg": 1], "malformed"), (["kid": 1], "malformed"),
      (["kty": "AKP"], "unsupported_kty"), (["kty": nil], "malformed"), (["crv": "P-257"], "unsupported_crv"),
      (["x": "A"], "malformed"), (["x": ""], "malformed"), (["x": "AA=="], "malformed"),
      (["y": "AQ"], "point_not_on_curve"),
      (["x": .string(String(repeating: "A", count: 44))], "coordinate_too_long"),
    ] as [(JSONObject, String)])
  func problems(members: JSONObject, problem: String) throws {
    let keys = try set([jwk(Self.ec, members), jwk(Self.other, ["kid": "good"])])
    #expect(keys.entries.map(\.isUsable) == [false, true])
    #expect(keys.entries[0].problem?.rawValue == problem)
    #expect(keys.usableKeys == 1)
  }

  @Test("a key that the configuration's algorithms leave nothing of is skipped")
  func notConfigured() throws {
    #expect(throws: KeySetFault.self) { try set([jwk(Self.ec)], algorithms: [.rs256]) }
  }

  @Test("a set without a usable key tells each of its keys with what is wrong, as far as they are kept")
  func noUsableKey() throws {
    do throws(KeySetFault) {
      _ = try KeySet(
        parsing: Array(
          #"{"keys":[1,{},{"kty":"oct","k":"AA","kid":"o"}\#(String(repeating: ",2", count: 1000))]}"#.utf8),
        algorithms: Self.all)
      Issue.record("there is no usable key")
    } catch {
      guard case .noUsableKey(let entries, let leftOut) = error else { throw error }
      #expect(entries.count == 1000)
      #expect(leftOut == 3)
      #expect(
        entries.prefix(3).map { "\($0.kid ?? "none"): \($0.problem?.rawValue ?? ""), \($0.flaw?.words ?? "")" } == [
          "none: malformed, the key is not a JSON object", "none: malformed, kty is missing", "o: unsupported_kty, ",
        ])
    }
  }

  @Test("a published private key is told, and still verifies")
  func privateKey() throws {
    let keys = try set([jwk(Self.ec, ["d": "AQ"])])
    #expect(keys.entries[0].isUsable)
    #expect(keys.entries[0].problem == .privateKeyPublished)
  }

  @Test("a published private key is not used where others may have read it")
  func publishedKey() throws {
    let body = try JSONValue.object(["keys": [jwk(Self.ec, ["d": "AQ", "kid": "a"]), jwk(Self.other, ["kid": "b"])]])
    let keys = try KeySet(parsing: body.serialized(), algorithms: [.es256], usesPublishedPrivateKeys: false)
    #expect(keys.entries.map(\.isUsable) == [false, true])
    #expect(keys.entries.map(\.problem) == [.privateKeyPublished, nil])
  }

  @Test("a kid of more than 256 bytes makes its key malformed, and is not repeated")
  func longKid() throws {
    let longest = String(repeating: "k", count: 256)
    let keys = try set([jwk(Self.ec, ["kid": .string(longest)]), jwk(Self.other, ["kid": .string(longest + "k")])])
    #expect(keys.entries.map(\.kid) == [longest, nil])
    #expect(keys.entries.map(\.problem) == [nil, .malformed])
  }

  @Test("of keys that can be used the first thousand are, and the others counted")
  func manyUsable() throws {
    let keys = try set((0..<1100).map { try jwk(Self.ec, ["kid": .string("k\($0)")]) })
    #expect(keys.usableKeys == 1000)
    #expect(keys.entries.last?.kid == "k999")
    #expect(keys.leftOut == 100)
  }

  @Test("equal names with a common algorithm are ambiguous, with different ones legal, identical keys are one")
  func names() throws {
    let ambiguous = try set([
      jwk(Self.ec, ["kid": "a"]), jwk(Self.other, ["kid": "a"]), jwk(SigningKey.generate(.ed25519), ["kid": "b"]),
    ])
    #expect(ambiguous.entries.map(\.problem) == [.ambiguous, .ambiguous, nil])
    let legal = try set([jwk(Self.ec, ["kid": "a"]), jwk(SigningKey.generate(.ed25519), ["kid": "a"])])
    #expect(legal.usableKeys == 2)
    let twice = try set([jwk(Self.ec, ["kid": "a"]), jwk(Self.ec, ["kid": "a"])])
    #expect(twice.entries.map(\.problem) == [nil, .listedTwice])
    #expect(twice.usableKeys == 1)
  }

  @Test("a key that the set before had is not compiled again; another is, and has a serial of its own")
  func reuse() throws {
    func key(_ set: KeySet) throws -> VerificationKey {
      guard case .one(let key, isNamed: true) = set.choose(kid: Array("a".utf8), algorithms: AlgorithmSet(.es256))
      else {
        throw KeySetFault.empty
      }
      return key
    }
    let first = try set([jwk(Self.ec, ["kid": "a"])])
    let second = try set([jwk(Self.ec, ["kid": "a"]), jwk(Self.other, ["kid": "b"])], reusing: first)
    let third = try set([jwk(Self.other, ["kid": "a"])], reusing: second)
    let fresh = try set([jwk(Self.ec, ["kid": "a"])])
    #expect(try key(first) === key(second))
    #expect(try key(third) !== key(second))
    #expect(try key(fresh).serial != key(first).serial)
  }

  @Test("of keys that cannot be used the first thousand are listed, and the others counted")
  func unusable() throws {
    let junk = [JSONValue](repeating: [:], count: 1050)
    let set = try set(junk + [jwk(Self.ec, ["kid": "a"])] + junk + [jwk(Self.other, ["kid": "b"])])
    #expect(set.entries.count == 1002)
    #expect(set.entries.suffix(2).map(\.kid) == ["a", "b"])
    #expect(set.entries.map(\.isUsable) == [Bool](repeating: false, count: 1000) + [true, true])
    #expect(set.leftOut == 1100)
    #expect(set.usableKeys == 2)
    #expect(try self.set([jwk(Self.ec)] + junk.prefix(1000)).leftOut == 0)
    // One whose fault shows only when the whole set is read has its place like any other.
    let twins = try self.set(junk + [jwk(Self.ec, ["kid": "c"]), jwk(Self.other, ["kid": "c"]), jwk(Self.ec)])
    #expect(twins.entries.suffix(3).map(\.problem) == [.ambiguous, .ambiguous, nil])
    #expect(twins.leftOut == 50)
  }

  @Test("which key a name stands for does not depend on how many others there are", arguments: [0, 6, 7, 500])
  func nameAmongMany(others: Int) throws {
    let more = try (0..<others).map { try jwk(Self.ec, ["kid": .string("other\($0)")]) }
    let edwards = try SigningKey.generate(.ed25519)
    let named = try set(more + [jwk(Self.other, ["kid": "a"]), jwk(edwards, ["kid": "a"])])
    func choice(_ set: KeySet, _ kid: String, _ algorithm: Algorithm) -> String {
      switch set.choose(kid: Array(kid.utf8), algorithms: AlgorithmSet(algorithm)) {
      case .none: "none"
      case .one(_, isNamed: true): "named"
      case .one: "unnamed"
      case .several: "several"
      }
    }
    #expect(choice(named, "a", .es256) == "named")
    #expect(choice(named, "a", .ed25519) == "named")
    #expect(choice(named, "b", .es256) == "none")
    let oneUnnamed = try set(more + [jwk(Self.other), jwk(edwards, ["kid": "a"])])
    #expect(choice(oneUnnamed, "b", .es256) == "unnamed")
    #expect(choice(oneUnnamed, "a", .es256) == "unnamed")
    #expect(choice(oneUnnamed, "a", .ed25519) == "named")
    #expect(choice(oneUnnamed, "b", .ed25519) == "none")
    let twoUnnamed = try set(more + [jwk(Self.other), jwk(SigningKey.generate(.ec(.p256)))])
    #expect(choice(twoUnnamed, "b", .es256) == "none")
  }

  @Test("a thousand keys are a set like any other, and a token without kid costs four tries at most")
  func many() throws {
    let keys = try (0..<1000).map { number in
      try jwk(number.isMultiple(of: 2) ? Self.ec : Self.other, ["kid": .string("k\(number)")])
    }
    let many = try set(keys)
    #expect(many.usableKeys == 1000)
    guard case .one = many.choose(kid: Array("k999".utf8), algorithms: AlgorithmSet(.es256)) else {
      Issue.record("k999 is not found")
      return
    }
    let nine = try set((0..<9).map { _ in try jwk(SigningKey.generate(.ed25519)) })
    guard case .several(let tried) = nine.choose(kid: nil, algorithms: AlgorithmSet(named: "EdDSA")) else {
      Issue.record("nothing to try")
      return
    }
    #expect(tried.count == 4)
  }
}

@Suite("Removed keys")
struct RemovedKeyTests {
  /// A token, and the set of a key that may or may not have signed it.
  private func set(_ key: SigningKey, kid: String) throws -> KeySet {
    guard case .ec(_, let x, let y) = key.publicParameters else { throw KeySetFault.empty }
    let jwk: JSONValue = [
      "kty": "EC", "crv": "P-256", "kid": .string(kid), "x": .string(Base64URL.encode(x)),
      "y": .string(Base64URL.encode(y)),
    ]
    return try KeySet(parsing: JSONValue.object(["keys": [jwk]]).serialized(), algorithms: [.es256])
  }

  @Test("a token whose signature is known is refused with the next set that lacks its key, and known again with it")
  func cachedToken() throws {
    let key = try SigningKey.generate(.ec(.p256))
    let header = Base64URL.encode(Array(#"{"alg":"ES256","kid":"a"}"#.utf8))
    let payload = Base64URL.encode(Array(#"{"iss":"i","exp":2000000000}"#.utf8))
    let message = Array("\(header).\(payload)".utf8)
    let signature = Base64URL.encode(try key.sign(message, algorithm: "ES256"))
    let token = message + [UInt8(ascii: ".")] + Array(signature.utf8)
    let issuers = IssuerTable([Issuer(name: "i", url: "i", algorithms: [.es256])])
    let policy = Policy(name: "p", issuers: ["i"], audiences: []) {
      $0.checksAudience = false
      $0.tokenType = .any
    }
    let input = VerificationInput(
      issuers: issuers, policy: EffectivePolicy(policy, issuers: ["i"]), now: NumericDate(seconds: 1_000))
    var verifier = Verifier(tokenCacheBytes: 1 << 20)
    func verdict(_ keys: KeySet?) -> String {
      switch verifier.verify(token.span, input, keys: { _ in keys }) {
      case .accepted: "accepted"
      case .rejected(let rejection): ReplyCode(rejection.code).rawValue
      case .keyMissing: "key missing"
      case .undecided: "undecided"
      }
    }
    let good = try set(key, kid: "a")
    let renamed = try set(key, kid: "b")
    let replaced = try set(SigningKey.generate(.ec(.p256)), kid: "a")
    let verdicts = [good, good, renamed, replaced, good].map(verdict) + [verdict(nil)]
    #expect(verdicts == ["accepted", "accepted", "key missing", "bad_signature", "accepted", "key missing"])
    // From the third time on what the payload says is known too.
    let later = [good, good, good, renamed, good, good, replaced, good, good, good].map(verdict) + [verdict(nil)]
    #expect(
      later == [
        "accepted", "accepted", "accepted", "key missing", "accepted", "accepted", "bad_signature", "accepted",
        "accepted", "accepted", "key missing",
      ])
    let reloaded = try set(key, kid: "a")
    #expect([good, good, reloaded, reloaded].map(verdict) == ["accepted", "accepted", "accepted", "accepted"])
  }
}
