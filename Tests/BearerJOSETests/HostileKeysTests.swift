import BearerJSON
import BearerSigning
import BearerTestKit
import Testing

@testable import BearerJOSE

/// What each kind of bad key costs: itself, with its reason in `status`.
@Suite("Hostile keys")
struct HostileKeysTests {
  private static let all = Set(Algorithm.allCases)

  /// A JWK, and why it is not used; `nil` if it is.
  struct Case: CustomTestStringConvertible, Sendable {
    var name: String
    var jwk: String
    var problem: String?
    var testDescription: String { name }

    init(_ name: String, _ jwk: String, _ problem: String?) {
      self.name = name
      self.jwk = jwk
      self.problem = problem
    }
  }

  private static func base64URL(_ bytes: [UInt8]) -> String { TestKey.base64URL(bytes) }

  /// An RSA key whose modulus is odd and has exactly so many bits; nobody can see whether it is a product of primes.
  private static func rsa(bits: Int, exponent: [UInt8] = [1, 0, 1], members: String = "") -> String {
    var modulus = [UInt8](repeating: 0x5B, count: (bits + 7) / 8)
    modulus[0] = UInt8(1 << ((bits - 1) % 8))
    return #"{"kty":"RSA","n":"\#(base64URL(modulus))","e":"\#(base64URL(exponent))"\#(members)}"#
  }

  static let rsaCases = [
    Case("1024 bits", rsa(bits: 1024), "rsa_too_small"), Case("2047 bits", rsa(bits: 2047), "rsa_too_small"),
    Case("2048 bits", rsa(bits: 2048), nil), Case("8192 bits", rsa(bits: 8192), nil),
    Case("8193 bits", rsa(bits: 8193), "rsa_too_large"), Case("16384 bits", rsa(bits: 16384), "rsa_too_large"),
    Case("modulus zero", #"{"kty":"RSA","n":"AAAA","e":"AQAB"}"#, "rsa_too_small"),
    Case("exponent 1", rsa(bits: 2048, exponent: [1]), "bad_rsa_exponent"),
    Case("exponent 3", rsa(bits: 2048, exponent: [3]), "bad_rsa_exponent"),
    Case("exponent 65535", rsa(bits: 2048, exponent: [0xFF, 0xFF]), "bad_rsa_exponent"),
    Case("exponent 65538", rsa(bits: 2048, exponent: [1, 0, 2]), "bad_rsa_exponent"),
    Case("exponent 65539", rsa(bits: 2048, exponent: [1, 0, 3]), nil),
    Case("exponent 65537 after zeros", rsa(bits: 2048, exponent: [0, 0, 0, 0, 0, 0, 0, 1, 0, 1]), nil),
    Case("exponent 2^64 - 1", rsa(bits: 2048, exponent: [UInt8](repeating: 0xFF, count: 8)), nil),
    Case("exponent 2^64 + 1", rsa(bits: 2048, exponent: [1, 0, 0, 0, 0, 0, 0, 0, 1]), "bad_rsa_exponent"),
    Case("no modulus", #"{"kty":"RSA","e":"AQAB"}"#, "malformed"),
    Case("no exponent", rsa(bits: 2048).replacing(#""e""#, with: #""f""#), "malformed"),
    Case("RSA for ES256", rsa(bits: 2048, members: #","alg":"ES256""#), "unsupported_alg"),
    Case("RSA for HS256", rsa(bits: 2048, members: #","alg":"HS256""#), "unsupported_alg"),
    Case("RSA for none", rsa(bits: 2048, members: #","alg":"none""#), "unsupported_alg"),
    Case("RSA for rs256", rsa(bits: 2048, members: #","alg":"rs256""#), "unsupported_alg"),
    Case("RSA for RSA1_5", rsa(bits: 2048, members: #","alg":"RSA1_5""#), "unsupported_alg"),
    Case("RSA for PS512", rsa(bits: 2048, members: #","alg":"PS512""#), nil),
    Case("unknown type with RSA's members", rsa(bits: 2048).replacing(#""RSA""#, with: #""RSA2""#), "unsupported_kty"),
    Case("type in lower case", rsa(bits: 2048).replacing(#""RSA""#, with: #""rsa""#), "unsupported_kty"),
    Case("type that is no string", rsa(bits: 2048).replacing(#""RSA""#, with: "1"), "malformed"),
    Case("no type", rsa(bits: 2048).replacing(#""kty""#, with: #""typ""#), "malformed"),
    Case("use enc", rsa(bits: 2048, members: #","use":"enc""#), "not_for_signatures"),
    Case("use empty", rsa(bits: 2048, members: #","use":"""#), "not_for_signatures"),
    Case("use sig", rsa(bits: 2048, members: #","use":"sig""#), nil),
    Case("use of a wrong type", rsa(bits: 2048, members: #","use":["sig"]"#), "malformed"),
    Case("key_ops without verify", rsa(bits: 2048, members: #","key_ops":["sign","encrypt"]"#), "not_for_verifying"),
    Case("key_ops empty", rsa(bits: 2048, members: #","key_ops":[]"#), "not_for_verifying"),
    Case("key_ops with verify", rsa(bits: 2048, members: #","key_ops":["sign","verify"]"#), nil),
    Case("key_ops of a wrong type", rsa(bits: 2048, members: #","key_ops":"verify""#), "malformed"),
    Case("kid null", rsa(bits: 2048, members: #","kid":null"#), nil),
    Case("use null", rsa(bits: 2048, members: #","use":null"#), nil),
    Case("key_ops null", rsa(bits: 2048, members: #","key_ops":null"#), nil),
    Case("kid a number", rsa(bits: 2048, members: #","kid":7"#), "malformed"),
    Case("kid a list", rsa(bits: 2048, members: #","kid":["a"]"#), "malformed"),
    Case("alg null", rsa(bits: 2048, members: #","alg":null"#), nil),
    Case("d null", rsa(bits: 2048, members: #","d":null"#), nil),
    Case("n null", #"{"kty":"RSA","n":null,"e":"AQAB"}"#, "malformed"),
    Case("alg a list", rsa(bits: 2048, members: #","alg":["RS256"]"#), "malformed"),
    Case("a symmetric key", #"{"kty":"oct","k":"AAAA","alg":"HS256"}"#, "unsupported_kty"),
    Case("no object", "7", "malformed"), Case("null", "null", "malformed"),
  ]

  /// A generated key as JSON text, changed.
  private static func made(
    _ kind: SigningKey.Parameters, _ members: String = "", _ old: String = "", _ new: String = ""
  )
    -> String
  {
    let jwk = (try? TestKey(kid: "bad", kind: kind, members: members))?.jwk ?? ""
    return old.isEmpty ? jwk : jwk.replacing(old, with: new)
  }

  private static func okp(_ curve: String, _ bytes: [UInt8]) -> String {
    #"{"kty":"OKP","crv":"\#(curve)","x":"\#(base64URL(bytes))"}"#
  }

  static let curveCases = [
    Case("P-256 called P-384", made(.ec(.p256), "", "P-256", "P-384"), "point_not_on_curve"),
    Case("P-384 called P-256", made(.ec(.p384), "", "P-384", "P-256"), "coordinate_too_long"),
    Case("unknown EC curve", made(.ec(.p256), "", "P-256", "secp256k1"), "unsupported_crv"),
    Case("EC without type", made(.ec(.p256), "", #""kty""#, #""typ""#), "malformed"),
    Case("EC without curve", made(.ec(.p256), "", #""crv""#, #""curve""#), "malformed"),
    Case("EC without y", made(.ec(.p256), "", #""y""#, #""z""#), "malformed"),
    Case("EC at infinity", #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, "point_not_on_curve"),
    Case("P-256 for ES384", made(.ec(.p256), #""alg":"ES384""#), "unsupported_alg"),
    Case("P-384 for ES256", made(.ec(.p384), #""alg":"ES256""#), "unsupported_alg"),
    Case("P-521 for ES512", made(.ec(.p521), #""alg":"ES512""#), nil),
    Case("P-256 for RS256", made(.ec(.p256), #""alg":"RS256""#), "unsupported_alg"),
    Case("P-256 for ECDH-ES", made(.ec(.p256), #""alg":"ECDH-ES""#), "unsupported_alg"),
    Case("Ed25519 for EdDSA", made(.ed25519, #""alg":"EdDSA""#), nil),
    Case("Ed448 for EdDSA", made(.ed448, #""alg":"EdDSA""#), nil),
    Case("Ed25519 for Ed448", made(.ed25519, #""alg":"Ed448""#), "unsupported_alg"),
    Case("Ed448 for Ed25519", made(.ed448, #""alg":"Ed25519""#), "unsupported_alg"),
    Case("Ed25519 for ES256", made(.ed25519, #""alg":"ES256""#), "unsupported_alg"),
    Case("unknown Edwards curve", made(.ed25519, "", #""Ed25519""#, #""X25519""#), "unsupported_crv"),
    Case("OKP without curve", made(.ed25519, "", #""crv""#, #""curve""#), "malformed"),
    Case("OKP without x", made(.ed25519, "", #""x""#, #""y""#), "malformed"),
    Case("Ed25519 of 31 bytes", okp("Ed25519", [UInt8](repeating: 9, count: 31)), "wrong_key_length"),
    Case("Ed25519 of 33 bytes", okp("Ed25519", [UInt8](repeating: 9, count: 33)), "wrong_key_length"),
    Case("Ed448 of 56 bytes", okp("Ed448", [UInt8](repeating: 9, count: 56)), "wrong_key_length"),
    Case("Ed448 of 58 bytes", okp("Ed448", [UInt8](repeating: 9, count: 58)), "wrong_key_length"),
    Case("Ed25519 called Ed448", made(.ed25519, "", #""Ed25519""#, #""Ed448""#), "wrong_key_length"),
    Case("Ed25519 of small order", okp("Ed25519", [UInt8](repeating: 0, count: 32)), "rejected_by_libcrypto"),
    Case("Ed448 of small order", okp("Ed448", [UInt8](repeating: 0, count: 57)), "rejected_by_libcrypto"),
  ]

  @Test("each bad key costs itself only and says why; each odd good one is used", arguments: rsaCases + curveCases)
  func one(_ example: Case) throws {
    let good = try TestKey(kid: "good")
    let set = try KeySet(
      parsing: Array(#"{"keys":[\#(example.jwk),\#(good.jwk)]}"#.utf8), algorithms: Self.all)
    #expect(set.entries.map { $0.problem?.rawValue } == [example.problem, nil])
    #expect(set.entries.map(\.isUsable) == [example.problem == nil, true])
    guard case .one = set.choose(kid: Array("good".utf8), algorithms: AlgorithmSet(.es256)) else {
      Issue.record("the good key cannot be had")
      return
    }
  }

  @Test("a member that stands twice in a key refuses the whole set: which of the two counts is anyone's guess")
  func duplicateMember() throws {
    let good = try TestKey(kid: "good")
    let text = #"{"keys":[\#(good.jwk),{"kty":"oct","kid":"a","k":"AAAA","k":"AAAA"}]}"#
    let offset = try #require(text.utf8.lastOffset(of: Array(#""k""#.utf8)))
    #expect(throws: KeySetFault.notJSON(JSONError(.duplicateMember, at: offset))) {
      try KeySet(parsing: Array(text.utf8), algorithms: Self.all)
    }
  }

  @Test("an empty kid is no name: two keys that have it are not ambiguous, and one alone serves a token that names any")
  func emptyKid() throws {
    let first = try TestKey(kid: "")
    let both = try KeySet(
      parsing: Array(TestKey.set(first, try TestKey(kid: "")).utf8), algorithms: Self.all)
    #expect(both.usableKeys == 2)
    let one = try KeySet(parsing: Array(TestKey.set(first).utf8), algorithms: Self.all)
    guard case .one = one.choose(kid: Array("any".utf8), algorithms: AlgorithmSet(.es256)) else {
      Issue.record("the only key without a name is not taken")
      return
    }
  }

  @Test("a key under several names is one try for a token that names none")
  func severalNames() throws {
    let key = try TestKey(kid: "first", kind: .ed25519)
    let copies = ["first", "second", "third", "fourth"].map { key.jwk.replacing("first", with: $0) }
    let last = try TestKey(kid: "last", kind: .ed25519)
    let set = try KeySet(
      parsing: Array(#"{"keys":[\#((copies + [last.jwk]).joined(separator: ","))]}"#.utf8), algorithms: Self.all)
    #expect(set.usableKeys == 5)
    guard case .several(let keys) = set.choose(kid: nil, algorithms: AlgorithmSet(.ed25519)) else {
      Issue.record("both keys may be tried")
      return
    }
    #expect(keys.count == 2)
  }

  @Test("of two keys with one kid only the algorithm that both have is ambiguous")
  func partlyAmbiguous() throws {
    let broad = try TestKey(kid: "k", kind: .rsa(bits: 2048))
    let narrow = try TestKey(kid: "k", kind: .rsa(bits: 2048), members: #""alg":"RS256""#)
    for keys in [TestKey.set(broad, narrow), TestKey.set(narrow, broad)] {
      let set = try KeySet(parsing: Array(keys.utf8), algorithms: Self.all)
      #expect(set.entries.map(\.problem) == [.ambiguous, .ambiguous])
      #expect(set.entries.map(\.isUsable) == set.entries.map { $0.alg == nil })
      #expect(set.usableKeys == 1)
      guard case .none = set.choose(kid: Array("k".utf8), algorithms: AlgorithmSet(.rs256)),
        case .one = set.choose(kid: Array("k".utf8), algorithms: AlgorithmSet(.ps256))
      else {
        Issue.record("RS256 is ambiguous, PS256 is not")
        return
      }
    }
  }

  @Test("a key that is known from the set before has the algorithms of the configuration now, fewer or more")
  func reusedUnderOtherAlgorithms() throws {
    let bytes = Array(TestKey.set(try TestKey(kid: "k", kind: .rsa(bits: 2048))).utf8)
    func usable(_ set: KeySet) -> [Algorithm] {
      Algorithm.allCases.filter {
        if case .one = set.choose(kid: Array("k".utf8), algorithms: AlgorithmSet($0)) { true } else { false }
      }
    }
    let wide = try KeySet(parsing: bytes, algorithms: [.rs256, .ps256])
    let narrow = try KeySet(parsing: bytes, algorithms: [.rs256], reusing: wide)
    let wideAgain = try KeySet(parsing: bytes, algorithms: [.rs256, .ps256], reusing: narrow)
    #expect([wide, narrow, wideAgain].map(usable) == [[.rs256, .ps256], [.rs256], [.rs256, .ps256]])
  }
}

extension String.UTF8View {
  /// Where the last occurrence of these bytes begins, counted from the start.
  fileprivate func lastOffset(of bytes: [UInt8]) -> Int? {
    let all = Array(self)
    return all.indices.last { all[$0...].starts(with: bytes) }
  }
}
