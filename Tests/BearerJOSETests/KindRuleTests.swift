import BearerClaims
import BearerJSON
import Testing

@testable import BearerJOSE

/// Kinds of tokens that an issuer tells apart by claims.
@Suite struct KindRuleTests {
  private let claims = #""iss":"i","sub":"s","aud":"api","iat":1000,"exp":2000"#

  /// What is said of a token that only lacks a signature: `nil` if nothing else is wrong with it, else code and claim.
  private func judge(
    _ type: String?, _ members: String, as kind: TokenType = .access, access: [String]? = ["use=a"],
    id: [String]? = ["use=i"], issuer: String = "i", trace: Bool = false
  ) -> String? {
    var profile = IssuerProfile()
    profile.accessTokenRule = access.flatMap(KindRule.init)
    profile.idTokenRule = id.flatMap(KindRule.init)
    let issuers = [
      Issuer(name: "i", url: issuer, algorithms: [.es256], profile: profile),
      Issuer(name: "k", url: "k", algorithms: [.es256]),
    ]
    let policy = EffectivePolicy(
      Policy(name: "p", issuers: ["i", "k"], audiences: ["api"]) { $0.tokenType = kind }, issuers: ["i", "k"])
    let header = type.map { #"{"alg":"ES256","typ":"\#($0)"}"# } ?? #"{"alg":"ES256"}"#
    let token = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array("{\(members)}".utf8))).AAAA"
    let input = VerificationInput(issuers: IssuerTable(issuers), policy: policy, now: NumericDate(seconds: 1500))
    var verifier = Verifier(tokenCacheBytes: 1 << 20)
    let verdict = verifier.verify(Array(token.utf8).span, input, explaining: trace) { _ in nil }
    switch verdict {
    case .keyMissing: return nil
    case .undecided: return "undecided"
    case .accepted: return "accepted"
    case .rejected(let rejection):
      guard case .token(let code) = rejection.code else { return "policy" }
      if trace { return verifier.trace?.steps.first { $0.result == .fail }?.check.rawValue }
      return code.rawValue + (rejection.claim.map { " \($0)" } ?? "")
    }
  }

  @Test(
    "access tokens are told by typ or by the issuer's rule, and what fits the other kind's rule is refused",
    arguments: [
      // typ, use, and what it is as access, id and any.
      ("JWT", "a", [true, false, true]), (nil, "a", [true, false, true]), ("at+jwt", "a", [true, false, true]),
      ("JWT", "i", [false, true, false]), (nil, "i", [false, true, false]), ("at+jwt", "i", [false, false, false]),
      ("JWT", "x", [false, false, true]), ("at+jwt", "x", [true, false, true]),
      ("logout+jwt", "a", [false, false, false]),
      ("application/at+jwt", "a", [true, false, true]), ("dpop+jwt", "i", [false, false, false]),
    ] as [(String?, String, [Bool])])
  func kinds(_ type: String?, _ use: String, _ good: [Bool]) {
    let members = claims + #","client_id":"c","jti":"j","use":"\#(use)""#
    for (kind, good) in zip([TokenType.access, .id, .any], good) {
      #expect(judge(type, members, as: kind) == (good ? nil : "wrong_type"), "\(kind)")
      if !good { #expect(judge(type, members, as: kind, trace: true) == "typ") }
    }
  }

  @Test(
    "no rule makes an access token of what has a claim of another kind",
    arguments: ["events", "at_hash", "c_hash", "nonce"])
  func otherKinds(_ claim: String) {
    #expect(judge("JWT", claims + #","use":"a","\#(claim)":"x""#) == "wrong_type \(claim)")
    #expect(judge("JWT", claims + #","use":"a","\#(claim)":null"#) == nil)
  }

  /// What is said to whoever looks why a check fails.
  private func hint(
    _ type: String?, as kind: TokenType, hasRules: Bool = false, alg: String = "ES256", more: String = "",
    check: Check = .type
  ) -> String? {
    var profile = IssuerProfile()
    if hasRules { profile.accessTokenRule = KindRule(["use=a"]) }
    let header = type.map { #"{"alg":"\#(alg)","typ":"\#($0)"}"# } ?? #"{"alg":"\#(alg)"}"#
    let issuers = IssuerTable([Issuer(name: "i", url: "i", algorithms: [.es256], profile: profile)])
    let policy = EffectivePolicy(
      Policy(name: "p", issuers: ["i"], audiences: ["api"]) { $0.tokenType = kind }, issuers: ["i"])
    let token =
      [header, "{\(claims)\(more)}"].map { Base64URL.encode(Array($0.utf8)) }.joined(separator: ".") + ".AAAA"
    var verifier = Verifier()
    _ = verifier.verify(
      Array(token.utf8).span, VerificationInput(issuers: issuers, policy: policy, now: NumericDate(seconds: 1500)),
      explaining: true
    ) { _ in nil }
    return verifier.trace?.steps.first { $0.check == check }?.hint
  }

  @Test("what to change about a typ depends on what the policy wants, and none of it helps another kind")
  func hints() throws {
    #expect(try #require(hint("JWT", as: .access)).hasPrefix("If the issuer's access tokens have no typ at+jwt"))
    #expect(try #require(hint(nil, as: .access)).hasPrefix("If the issuer's access tokens have no typ at+jwt"))
    #expect(try #require(hint("at+jwt", as: .id)).hasPrefix("Have the client send its ID token"))
    #expect(try #require(hint("JWT", as: .access, hasRules: true)).hasPrefix("The issuer's access_token_if and"))
    for kind in [TokenType.access, .id, .any] {
      for hasRules in [false, true] {
        #expect(
          hint("logout+jwt", as: kind, hasRules: hasRules)
            == "What has this typ is of another kind, which no token_type takes.")
      }
    }
  }

  @Test("a claim of another kind is named, and no setting is advised for an alg that none allows")
  func otherHints() {
    #expect(
      hint("JWT", as: .access, hasRules: true, more: #","use":"a","nonce":"n""#)
        == "Only tokens of another kind have nonce.")
    for alg in ["none", "HS256", "ES256K"] {
      #expect(
        hint("at+jwt", as: .access, alg: alg, check: .algorithm)
          == "No setting allows this alg. Have the issuer sign with one of the algorithms expected.")
    }
    #expect(hint("at+jwt", as: .access, alg: "RS512", check: .algorithm)?.hasPrefix("If the issuer is meant") == true)
  }

  @Test("an opaque token can be made a JWT, or its issuer be asked")
  func opaqueHint() {
    var verifier = Verifier()
    let policy = EffectivePolicy(Policy(name: "p", issuers: ["i"], audiences: ["api"]), issuers: ["i"])
    let issuers = IssuerTable([Issuer(name: "i", url: "i", algorithms: [.es256])])
    _ = verifier.verify(
      Array("x".utf8).span, VerificationInput(issuers: issuers, policy: policy, now: NumericDate(seconds: 1500)),
      explaining: true
    ) { _ in nil }
    #expect(verifier.trace?.steps.first { $0.check == .form }?.hint?.contains("opaque = true in the policy") == true)
  }

  @Test("by the rule a token needs less than by RFC 9068, and by typ as much as ever")
  func required() {
    #expect(judge("JWT", claims + #","use":"a""#) == nil)
    #expect(judge("at+jwt", claims + #","use":"a""#) == "missing_claim client_id")
    #expect(judge("JWT", #""iss":"i","sub":"s","iat":1000,"exp":2000,"use":"a""#) == "wrong_audience aud")
    for claim in ["sub", "iat", "exp"] {
      let without = claims.split(separator: ",").filter { !$0.hasPrefix("\"\(claim)\"") }.joined(separator: ",")
      #expect(judge("JWT", without + #","use":"a""#) == "missing_claim \(claim)")
    }
  }

  @Test("a token of an issuer without rules, of nobody's, or without a payload is judged by typ alone")
  func withoutRules() {
    let other = claims.replacing(#""iss":"i""#, with: #""iss":"k""#) + #","use":"a""#
    #expect(judge("JWT", other) == "wrong_type")
    #expect(judge("JWT", other, as: .id) == nil)
    #expect(judge("JWT", claims.replacing(#""iss":"i""#, with: #""iss":"x""#) + #","use":"a""#) == "wrong_type")
    #expect(judge("JWT", #""iss":"i","iss":"i""#) == "wrong_type")
    #expect(judge("at+jwt", #""iss":"i","iss":"i""#) == "malformed_claims")
    #expect(judge("JWT", #""iss":7,"use":"a""#) == "wrong_type")
    #expect(judge("JWT", claims + #","use":"a""#, access: nil, id: nil) == "wrong_type")
  }

  @Test("one rule alone does its part")
  func oneRule() {
    let members = claims + #","use":"i""#
    #expect(judge("JWT", members, as: .id, id: nil) == nil)
    #expect(judge("JWT", members, as: .any, access: nil) == "wrong_type")
    #expect(judge("JWT", members, as: .access, access: nil) == "wrong_type")
    #expect(judge("JWT", claims + #","use":"a""#, as: .id, id: nil) == "wrong_type")
    #expect(judge("JWT", claims + #","use":"b""#, as: .id, access: nil) == "wrong_type")
  }

  @Test(
    "terms are joined by and, alternatives by or",
    arguments: [
      (["cid"], #""cid":1"#, true), (["cid"], #""cid":null"#, false), (["!cid"], #""cid":null"#, true),
      (["!cid"], #""cid":"""#, false), (["a", "b"], #""a":1"#, false), (["a", "b"], #""a":1,"b":2"#, true),
      (["a|b"], #""b":2"#, true), (["a|!b"], #""b":2"#, false), (["v=1|v=2"], #""v":"2""#, true),
      (["v=1"], #""v":1"#, false), (["v=a=b"], #""v":"a=b""#, true), (["v=a"], #""v":["a"]"#, false),
      (["v=a"], #""v":"\u0061""#, true),
    ])
  func terms(_ rule: [String], _ members: String, _ holds: Bool) {
    #expect(judge("JWT", "\(claims),\(members)", access: rule, id: nil) == (holds ? nil : "wrong_type"))
    #expect(KindRule(rule)?.texts == rule)
  }

  @Test("what names no claim is no rule", arguments: ["", "!", "=a", "a=", "a|", "|a", "!=a"])
  func faults(_ term: String) {
    #expect(KindRule([term]) == nil)
  }
}
