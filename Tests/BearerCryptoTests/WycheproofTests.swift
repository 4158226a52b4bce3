import BearerCrypto
import BearerSigning
import Foundation
import Testing

/// The JSON Web Signature vectors of C2SP/wycheproof, at the level of key and signature.
///
/// The data stay outside the repository; `BEARERD_VECTORS` names their folder. What reads a key and a token is the one
/// function ``accepts(_:key:)``, so that the same table can be run against another reader of JWS.
@Suite("Wycheproof: JSON Web Signature")
struct WycheproofTests {
  /// Where the suite says one thing and this project, for the reason given, does another.
  ///
  /// Beyond these, every vector under a symmetric key is refused, the suite's valid ones too: there is no HMAC here.
  static let decisions: [Int: (accepted: Bool, reason: String)] = [
    346: (false, "The key says PS256, the header PS384: a key's `alg` binds it (RFC 7517 section 4.4)."),
    347: (false, "The key says ES521, which no registry knows; a key for an unknown algorithm verifies nothing."),
    350: (false, "As 346, with `key_ops`: the key says PS256, the header PS384."),
    351: (false, "As 347, with `key_ops`: the key says ES521."),
    367: (false, "Called invalid, but its text is that of the valid 357; refused, as all HMAC is."),
    370: (false, "Called invalid, but its text is that of the valid 357; refused, as all HMAC is."),
    372: (false, "Called valid with a `?` in the header: not base64url (RFC 7515 section 2), and HMAC."),
    373: (false, "Called valid with a `?` in the payload: not base64url (RFC 7515 section 2), and HMAC."),
  ]

  static let folder = ProcessInfo.processInfo.environment["BEARERD_VECTORS"]

  struct Vector {
    let tcId: Int
    let comment: String
    let isValid: Bool
    let jws: String
    let key: [String: Any]
  }

  // Skipped, and said to be, where the vectors are not at hand: they are not part of the repository.
  @Test(
    "every vector is accepted or refused as the suite or the table of decisions says",
    .enabled(if: folder != nil, "BEARERD_VECTORS is not set: it names the folder with the independent test vectors"))
  func allVectors() throws {
    let vectors = try Self.vectors()
    try #require(vectors.count >= 300, "the file holds fewer vectors than it should")
    var accepted = 0
    for vector in vectors {
      let isSymmetric = vector.key["kty"] as? String == "oct"
      let decision = Self.decisions[vector.tcId]
      let expected = decision?.accepted ?? (vector.isValid && !isSymmetric)
      let found = Self.accepts(vector.jws, key: vector.key)
      #expect(
        found == expected,
        "tcId \(vector.tcId) (\(vector.comment)): \(decision?.reason ?? "as the suite says")")
      accepted += found ? 1 : 0
    }
    // A test that refuses everything must not pass: at least the signatures of the four RSA and PSS groups are good.
    #expect(accepted >= 25, "only \(accepted) accepted")
  }

  @Test(
    "no decision is without need: the suite says the opposite, or the vector is HMAC, or not in the selection",
    .enabled(if: folder != nil, "BEARERD_VECTORS is not set: it names the folder with the independent test vectors"))
  func decisionsAreNeeded() throws {
    for vector in try Self.vectors() {
      guard let decision = Self.decisions[vector.tcId] else { continue }
      #expect(decision.accepted != vector.isValid || vector.key["kty"] as? String == "oct", "tcId \(vector.tcId)")
    }
  }

  @Test(
    "what the decided vectors refuse is refused for the stated reason: without the key's `alg` they are good",
    .enabled(if: folder != nil, "BEARERD_VECTORS is not set: it names the folder with the independent test vectors"))
  func decidedSignaturesAreGood() throws {
    for vector in try Self.vectors() where [346, 347, 350, 351].contains(vector.tcId) {
      var key = vector.key
      key["alg"] = nil
      #expect(Self.accepts(vector.jws, key: key), "tcId \(vector.tcId)")
    }
  }

  static func vectors() throws -> [Vector] {
    let folder = try #require(folder)
    let file = URL(fileURLWithPath: folder).appendingPathComponent("wycheproof/json_web_signature_test.json")
    let root = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    let groups = try #require(root["testGroups"] as? [[String: Any]])
    return try groups.flatMap { group in
      // Where a group has a public key, that is what a verifier would be given.
      let key = try #require((group["public"] ?? group["private"]) as? [String: Any])
      return try #require(group["tests"] as? [[String: Any]]).map { test in
        Vector(
          tcId: try #require(test["tcId"] as? Int),
          comment: try #require(test["comment"] as? String),
          isValid: try #require(test["result"] as? String) == "valid",
          jws: try #require(test["jws"] as? String),
          key: key)
      }
    }
  }

  /// Whether a compact JWS is good under a JWK: the least of RFC 7515 and RFC 7517 that the vectors need.
  static func accepts(_ jws: String, key: [String: Any]) -> Bool {
    let segments = jws.split(separator: ".", omittingEmptySubsequences: false)
    guard segments.count == 3,
      let header = decode(segments[0]), decode(segments[1]) != nil, let signature = decode(segments[2]),
      let members = try? JSONSerialization.jsonObject(with: Data(header)) as? [String: Any],
      let algorithm = members["alg"] as? String,
      let verifier = verifier(jwk: key, algorithm: algorithm)
    else { return false }
    let message = Array("\(segments[0]).\(segments[1])".utf8)
    return verifier.check(signature: signature.span, over: message.span) == .good
  }

  private static func verifier(jwk: [String: Any], algorithm: String) -> SignatureVerifier? {
    if let bound = jwk["alg"], bound as? String != algorithm { return nil }
    if let use = jwk["use"], use as? String != "sig" { return nil }
    if let operations = jwk["key_ops"], (operations as? [String])?.contains("verify") != true { return nil }
    guard let row = AlgorithmCase.all.first(where: { $0.name == algorithm }) else { return nil }
    func member(_ name: String) -> [UInt8] {
      (jwk[name] as? String).flatMap { decode($0[...]) } ?? []
    }
    let key: PublicKey? =
      switch (row.scheme, jwk["kty"] as? String, jwk["crv"] as? String) {
      case (.rsaPKCS1, "RSA", nil), (.rsaPSS, "RSA", nil):
        try? .rsa(modulus: member("n"), exponent: member("e"))
      case (.ecdsa(.p256, _), "EC", "P-256"): try? .ec(.p256, x: member("x"), y: member("y"))
      case (.ecdsa(.p384, _), "EC", "P-384"): try? .ec(.p384, x: member("x"), y: member("y"))
      case (.ecdsa(.p521, _), "EC", "P-521"): try? .ec(.p521, x: member("x"), y: member("y"))
      default: nil
      }
    return key?.verifier(for: row.scheme)
  }

  /// Strict base64url without padding (RFC 7515 section 2): no other character, no stray bits.
  private static func decode(_ text: Substring) -> [UInt8]? {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for character in text.utf8 {
      guard let value = alphabet.firstIndex(of: character) else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
      bits &= (1 << UInt32(count)) - 1
    }
    return count < 6 && bits == 0 ? bytes : nil
  }
}
