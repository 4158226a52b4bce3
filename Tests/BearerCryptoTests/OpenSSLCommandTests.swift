import BearerCrypto
import BearerSigning
import Foundation
import Testing

/// Signatures that the `openssl` command made: a signer with which this project shares no line above libcrypto.
@Suite("Signatures of the openssl command", .serialized)
struct OpenSSLCommandTests {
  static let message = Array("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0".utf8)

  @Test("they verify, and with a bit flipped do not", arguments: AlgorithmCase.all)
  func verifies(_ algorithm: AlgorithmCase) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bearer-crypto-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    try Data(Self.message).write(to: URL(fileURLWithPath: path("message")))

    let generate: [String] =
      switch algorithm.kind {
      case .rsa(let bits): ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(bits)"]
      case .ec(let curve): ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:\(curve.rawValue)"]
      case .ed25519: ["-algorithm", "ED25519"]
      case .ed448: ["-algorithm", "ED448"]
      }
    try openssl(["genpkey"] + generate + ["-out", path("key.pem")])
    let sign: [String] =
      switch algorithm.scheme {
      case .rsaPKCS1(let digest), .ecdsa(_, let digest):
        ["dgst", "-\(digest)", "-sign", path("key.pem"), "-out", path("signature"), path("message")]
      case .rsaPSS(let digest):
        [
          "dgst", "-\(digest)", "-sign", path("key.pem"), "-sigopt", "rsa_padding_mode:pss", "-sigopt",
          "rsa_pss_saltlen:\(digest.byteCount)", "-out", path("signature"), path("message"),
        ]
      case .ed25519, .ed448:
        ["pkeyutl", "-sign", "-rawin", "-inkey", path("key.pem"), "-in", path("message"), "-out", path("signature")]
      }
    try openssl(sign)

    var signature = Array(try Data(contentsOf: URL(fileURLWithPath: path("signature"))))
    if case .ecdsa(let curve, _) = algorithm.scheme {
      signature = try fixedLength(der: signature, coordinateBytes: curve.coordinateBytes)
    }
    let key = try SigningKey(pem: Array(try Data(contentsOf: URL(fileURLWithPath: path("key.pem")))))
    #expect(key.kind == algorithm.kind)
    let verifier = try #require(try key.publicKey().verifier(for: algorithm.scheme))
    #expect(verifier.isValid(signature, over: Self.message))
    signature[signature.count / 3] ^= 0x10
    #expect(!verifier.isValid(signature, over: Self.message))
  }

  @Test("a PSS signature with a salt of any length but the digest's is invalid", arguments: [0, 20, 31, 33, 64])
  func saltLength(_ salt: Int) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bearer-crypto-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    try Data(Self.message).write(to: URL(fileURLWithPath: path("message")))
    let key = try SigningKey.generate(.rsa(bits: 2048))
    try Data(try key.privatePEM()).write(to: URL(fileURLWithPath: path("key.pem")))
    let verifier = try #require(try key.publicKey().verifier(for: .rsaPSS(.sha256)))

    func signature(_ options: [String]) throws -> [UInt8] {
      try openssl(
        ["dgst", "-sha256", "-sign", path("key.pem"), "-sigopt", "rsa_padding_mode:pss"] + options
          + ["-out", path("signature"), path("message")])
      return Array(try Data(contentsOf: URL(fileURLWithPath: path("signature"))))
    }
    #expect(verifier.isValid(try signature(["-sigopt", "rsa_pss_saltlen:32"]), over: Self.message))
    #expect(!verifier.isValid(try signature(["-sigopt", "rsa_pss_saltlen:\(salt)"]), over: Self.message))
    let otherMask = try signature(["-sigopt", "rsa_pss_saltlen:32", "-sigopt", "rsa_mgf1_md:sha512"])
    #expect(!verifier.isValid(otherMask, over: Self.message))
  }

  private func openssl(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "openssl \(arguments.joined(separator: " "))")
  }

  /// Reads `SEQUENCE { INTEGER, INTEGER }` by hand, apart from the code under test.
  private func fixedLength(der: [UInt8], coordinateBytes: Int) throws -> [UInt8] {
    var start = der[1] == 0x81 ? 3 : 2
    var result: [UInt8] = []
    for _ in 0..<2 {
      try #require(der[start] == 0x02)
      let end = start + 2 + Int(der[start + 1])
      let integer = der[(start + 2)..<end].drop { $0 == 0 }
      result += [UInt8](repeating: 0, count: coordinateBytes - integer.count) + integer
      start = end
    }
    try #require(start == der.count)
    return result
  }
}
