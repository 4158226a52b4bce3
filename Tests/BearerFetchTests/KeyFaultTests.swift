import BearerJOSE
import BearerKeys
import BearerProviderKit
import BearerSigning
import BearerTestKit
import Testing

@testable import BearerFetch

/// What is said of a key set that cannot be used, word by word: an operator has nothing else to go by.
@Suite(.timeLimit(.minutes(10)))
struct KeyFaultTests {
  private static let modulus = TestKey.base64URL([UInt8](repeating: 0xFB, count: 256))

  private static func rsa(_ members: String, n: String = modulus) -> String {
    #"{"kty":"RSA","kid":"k","n":"\#(n)","e":"AQAB"\#(members)}"#
  }

  /// A set's only key, and what must be said of it.
  struct Case: Sendable, CustomTestStringConvertible {
    var key: String
    var problem: String
    var found: String
    var advice: String
    var algorithms: Set<Algorithm> = [.es256, .ed25519]
    var testDescription: String { found }
  }

  static let mend = "Have the provider mend the key."
  static let cases: [Case] = [
    Case(
      key: rsa("", n: modulus + "="), problem: "malformed",
      found: #"key "k" ("RSA"): n ends with "="; base64url has no padding."#, advice: mend),
    Case(
      key: rsa("", n: modulus.replacing("-", with: "+")), problem: "malformed",
      found: #"key "k" ("RSA"): n has "+" or "/" in it; base64url has "-" and "_"."#, advice: mend),
    Case(
      key: rsa("", n: modulus.replacing("_", with: "/") + "/"), problem: "malformed",
      found: #"key "k" ("RSA"): n has "+" or "/" in it; base64url has "-" and "_"."#, advice: mend),
    Case(
      key: rsa("", n: modulus + "!"), problem: "malformed", found: #"key "k" ("RSA"): n is not base64url."#,
      advice: mend),
    Case(
      key: rsa("").replacing(#""AQAB""#, with: "65537"), problem: "malformed",
      found: #"key "k" ("RSA"): e is not a JSON string."#, advice: mend),
    Case(
      key: rsa("").replacing(#""k""#, with: "7"), problem: "malformed",
      found: #"key number 1 ("RSA"): kid is not a JSON string."#, advice: mend),
    Case(
      key: rsa("").replacing(#""k""#, with: #""\#(String(repeating: "k", count: 257))""#), problem: "malformed",
      found: #"key number 1 ("RSA"): kid has 257 bytes; 256 is the most."#, advice: mend),
    Case(
      key: rsa(#","use":"SIG""#), problem: "not_for_signatures",
      found: #"key "k" ("RSA"): use is not written in lower case."#, advice: mend),
    Case(
      key: rsa(#","use":"""#), problem: "not_for_signatures", found: #"key "k" ("RSA"): use is empty."#, advice: mend),
    Case(
      key: rsa(#","use":"enc""#), problem: "not_for_signatures",
      found: #"key "k" ("RSA"): use is not "sig", so it is for encryption."#,
      advice: "Have the provider publish a key for verifying signatures."),
    Case(
      key: rsa(#","alg":"""#), problem: "unsupported_alg", found: #"key "k" ("RSA" ""): alg is empty."#, advice: mend),
    Case(
      key: rsa(#","alg":["RS256"]"#), problem: "malformed", found: #"key "k" ("RSA"): alg is not a JSON string."#,
      advice: mend),
    Case(
      key: rsa(#","alg":"HS256""#), problem: "unsupported_alg",
      found: #"key "k" ("RSA" "HS256"): alg is no signature algorithm for a key of this type."#,
      advice: "Have the provider choose another algorithm."),
    Case(
      key: rsa(#","key_ops":[]"#), problem: "not_for_verifying", found: #"key "k" ("RSA"): key_ops is empty."#,
      advice: mend),
    Case(
      key: rsa(#","key_ops":"verify""#), problem: "malformed",
      found: #"key "k" ("RSA"): key_ops is not a JSON array."#, advice: mend),
    Case(
      key: rsa(#","key_ops":["sign"]"#), problem: "not_for_verifying",
      found: #"key "k" ("RSA"): key_ops does not hold "verify"."#,
      advice: "Have the provider publish a key for verifying signatures."),
    Case(
      key: rsa("", n: String(modulus.prefix(168))), problem: "rsa_too_small",
      found: #"key "k" ("RSA"): n has fewer than 2048 bits."#,
      advice: "Have the provider use RSA keys of 2048 bits or more.", algorithms: [.rs256]),
    Case(
      key:
        #"{"kty":"EC","kid":"k","crv":"P-256","x":"\#(TestKey.base64URL([UInt8](repeating: 0, count: 33)))","y":"AQ"}"#,
      problem: "coordinate_too_long", found: #"key "k" ("EC" "P-256"): x has 33 bytes; 32 is the most."#, advice: mend),
    Case(
      key: #"{"kty":"EC","kid":"k","x":"AQ","y":"AQ"}"#, problem: "malformed",
      found: #"key "k" ("EC"): crv is missing."#, advice: mend),
    Case(
      key: #"{"kty":"OKP","kid":"k","crv":"Ed25519","x":""}"#, problem: "malformed",
      found: #"key "k" ("OKP" "Ed25519"): x is empty."#, advice: mend),
    Case(
      key: rsa("").replacing("RSA", with: "oct"), problem: "unsupported_kty",
      found: #"key "k" ("oct"): kty is none of RSA, EC and OKP."#,
      advice: "Have the provider choose another algorithm."),
    Case(key: "7", problem: "malformed", found: "key number 1: the key is not a JSON object.", advice: mend),
    Case(
      key: rsa(#","alg":"RS512""#), problem: "alg_not_configured",
      found: #"key "k" ("RSA" "RS512"): algorithms allows none of RS512."#,
      advice: "Add RS512 to algorithms, if tokens are signed with this key."),
    Case(
      key: rsa(""), problem: "alg_not_configured",
      found: #"key "k" ("RSA"): algorithms allows none of RS256, RS384, RS512, PS256, PS384, PS512."#,
      advice:
        "Add the one of RS256, RS384, RS512, PS256, PS384, PS512 that tokens of this key have as alg to algorithms."
    ),
  ]

  @Test(
    "the only key of a set is named with what is wrong with it and what to do, and its fault keeps it", arguments: cases
  )
  func onlyKey(_ example: Case) async throws {
    try await ProviderTrial.run { trial in
      trial.provider.setKeys(#"{"keys":[\#(example.key)]}"#)
      let fault = try #require(
        await trial.source { $0.algorithms = example.algorithms }.fetch(previous: nil, validators: nil).fault)
      #expect(fault.code == .noUsableKey)
      #expect(
        fault.message
          == "No key of \(trial.provider.origin)/jwks is usable: \(example.found) \(example.advice)")
      #expect(fault.refusedKeys.map(\.problem?.rawValue) == [example.problem])
      #expect(fault.refusedKeys.map(\.isUsable) == [false])
    }
  }

  @Test("of many keys four are named, each advice is given once, and a file is the operator's own to mend")
  func manyKeys() async throws {
    let directory = try TemporaryDirectory()
    let bad = Self.rsa("", n: Self.modulus + "=")
    try directory.write(
      #"{"keys":[\#([bad, bad, Self.rsa(#","alg":"RS384""#), bad, bad, bad].joined(separator: ","))]}"#, to: "set")
    let fault = await JWKSFileSource(path: directory.path + "/set", algorithms: [.rs256])
      .fetch(previous: nil, validators: nil).fault
    let flaw = #"key "k" ("RSA"): n ends with "="; base64url has no padding"#
    #expect(
      fault?.message
        == #"No key of jwks_file "\#(directory.path)/set" is usable: \#(flaw); \#(flaw); "#
        + #"key "k" ("RSA" "RS384"): algorithms allows none of RS384; \#(flaw); and 2 more. "#
        + "Mend the key in the file; add RS384 to algorithms, if tokens are signed with this key.")
    #expect(fault?.refusedKeys.count == 6)
  }

  @Test(
    "of a key that no token need be signed with nothing is demanded while others are usable, and d is left out of files"
  )
  func besides() throws {
    let set = try KeySet(
      parsing: Array(
        #"{"keys":[\#(Self.rsa("")),{"kty":"oct","kid":"o"},\#(Self.rsa(#","d":"AQ""#).replacing(#""k""#, with: #""p""#))]}"#
          .utf8),
      algorithms: [.rs256], usesPublishedPrivateKeys: true)
    let advice = set.entries.map { entry in
      [false, true].map { KeyProblems.advice(for: entry, isFile: $0)?.split(separator: " ").first.map(String.init) }
    }
    #expect(advice == [[nil, nil], ["nothing,", "nothing,"], ["have", "leave"]])
  }

  /// What stands in place of JSON, and what it is called: from a provider, and in a file.
  static let bodies: [(body: [UInt8], coding: String?, name: String, advice: String, fileAdvice: String)] = {
    let json = Array(#"{"keys":[]}"#.utf8)
    let wide = json.flatMap { [$0, 0] as [UInt8] }
    let utf8 = ("have the provider send UTF-8 without a byte order mark", "save it as UTF-8 without a byte order mark")
    let plain = (
      "have the provider, or a proxy before it, compress only what is asked for (Accept-Encoding)",
      "write a key set into it as it is"
    )
    let page = (
      "check that the address is that of a key set, and that no login page or proxy answers in its place",
      "write a JWK Set into it (RFC 7517)"
    )
    let pem = (
      "give the address of a key set, not that of a certificate",
      "write a JWK Set into it (RFC 7517), made of the public keys"
    )
    return [
      (
        [0xEF, 0xBB, 0xBF] + json, nil, "begins with a byte order mark (the bytes EF BB BF), which JSON must not have",
        utf8.0, utf8.1
      ),
      ([0xFF, 0xFE] + wide, nil, "is UTF-16, not UTF-8", utf8.0, utf8.1),
      ([0xFE, 0xFF] + json.flatMap { [0, $0] as [UInt8] }, nil, "is UTF-16, not UTF-8", utf8.0, utf8.1),
      (wide, nil, "is UTF-16, not UTF-8", utf8.0, utf8.1),
      (json.flatMap { [0, $0] as [UInt8] }, nil, "is UTF-16, not UTF-8", utf8.0, utf8.1),
      ([0xFF, 0xFE, 0, 0] + json.flatMap { [$0, 0, 0, 0] as [UInt8] }, nil, "is UTF-32, not UTF-8", utf8.0, utf8.1),
      ([0x1F, 0x8B, 8, 0], nil, #"is compressed ("gzip"), which was not asked for"#, plain.0, plain.1),
      ([0x28, 0xB5, 0x2F, 0xFD], nil, #"is compressed ("zstd"), which was not asked for"#, plain.0, plain.1),
      ([0x78, 0x9C, 1], nil, #"is compressed ("deflate"), which was not asked for"#, plain.0, plain.1),
      ([0x0B, 0x05, 0x80], "br", #"is compressed ("br"), which was not asked for"#, plain.0, ""),
      (Array(" <html>".utf8), "Identity ", "looks like a web page (HTML), not JSON", page.0, page.1),
      ([0xEF, 0xBB, 0xBF] + Array("\n<html>".utf8), nil, "looks like a web page (HTML), not JSON", page.0, page.1),
      (Array("-----BEGIN PUBLIC KEY-----".utf8), nil, "is PEM, not JSON", pem.0, pem.1),
      ([], nil, "is empty", page.0, page.1),
      (Array("{\"keys\":[".utf8), nil, "is not JSON (byte 9)", page.0, page.1),
    ]
  }()

  @Test("what stands in place of JSON is called by its name, from a provider and in a file", arguments: bodies.indices)
  func body(_ index: Int) async throws {
    let example = Self.bodies[index]
    let directory = try TemporaryDirectory()
    try await ProviderTrial.run { trial in
      trial.provider.answer(
        .keys, with: .bytes(example.body, headers: example.coding.map { [("Content-Encoding", $0)] } ?? []))
      let fault = try #require(await trial.source().fetch(previous: nil, validators: nil).fault)
      #expect(fault.code == .notJSON)
      #expect(fault.found == "\(trial.provider.origin)/jwks answered 200, but the body \(example.name)")
      #expect(fault.advice == example.advice)
      if example.coding != nil { return }
      try directory.write(example.body, to: "set")
      let file = await JWKSFileSource(path: directory.path + "/set", algorithms: [.rs256])
        .fetch(previous: nil, validators: nil).fault
      #expect(file?.code == .notJSON)
      // Nobody asks for a file.
      let name = example.name.replacing(", which was not asked for", with: "")
      #expect(file?.found == "jwks_file \"\(directory.path)/set\" \(name)")
      #expect(file?.advice == example.fileAdvice)
    }
  }
}
