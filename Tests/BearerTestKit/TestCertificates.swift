import Foundation
import NIOSSL

/// A certificate with its key, for a server or client of a test.
package struct TestIdentity: Sendable {
  /// The certificate, PEM.
  package var certificateFile: String
  /// The private key, PEM.
  package var keyFile: String
  /// For a server: the authority (PEM) by which clients must prove themselves; `nil` if they need not.
  package var clientAuthorityFile: String?

  func serverContext() throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(certificateFile).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem)))
    if let clientAuthorityFile {
      configuration.trustRoots = .file(clientAuthorityFile)
      configuration.certificateVerification = .noHostnameVerification
    }
    return try NIOSSLContext(configuration: configuration)
  }
}

/// A private authority and certificates of every kind that tests need, made by the `openssl` program once per run.
package struct TestCertificates: Sendable {
  /// The name that `publicName` is for.
  package static let publicName = "auth.example.test"

  /// The authority's certificate, PEM; what to configure as `ca_file`.
  package var authorityFile: String
  /// For localhost, 127.0.0.1 and `auth.example.test`.
  package var good: TestIdentity
  /// For `other.example.test` only.
  package var wrongName: TestIdentity
  /// As `good`, but expired yesterday.
  package var expired: TestIdentity
  /// As `good`, but signed by an authority of its own that nobody trusts.
  package var unknownAuthority: TestIdentity
  /// A client's, signed by the authority.
  package var client: TestIdentity

  /// The certificates of this run.
  package static func shared() throws -> TestCertificates { try made.get() }

  private static let made = Result { try make() }

  private static func make() throws -> TestCertificates {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("bearerd-test-\(UUID().uuidString)")
      .path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let maker = Maker(directory: directory)
    try maker.authority("ca")
    try maker.authority("stranger")
    let names = "DNS:localhost,DNS:\(publicName),IP:127.0.0.1,IP:::1"
    return TestCertificates(
      authorityFile: "\(directory)/ca.pem",
      good: try maker.leaf("good", names: names, days: 2, authority: "ca"),
      wrongName: try maker.leaf("wrong", names: "DNS:other.example.test", days: 2, authority: "ca"),
      expired: try maker.leaf("expired", names: names, days: -1, authority: "ca"),
      unknownAuthority: try maker.leaf("unknown", names: names, days: 2, authority: "stranger"),
      client: try maker.leaf("client", names: "DNS:client.example.test", days: 2, authority: "ca"))
  }

  private struct Maker {
    var directory: String

    func authority(_ name: String) throws {
      try key(name)
      try openssl(
        "req", "-x509", "-new", "-key", "\(name).key", "-subj", "/CN=bearerd test \(name)", "-days", "2",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
        "-out", "\(name).pem")
    }

    func leaf(_ name: String, names: String, days: Int, authority: String) throws -> TestIdentity {
      try key(name)
      try "subjectAltName=\(names)\nbasicConstraints=CA:FALSE\n".write(
        toFile: "\(directory)/\(name).ext", atomically: true, encoding: .utf8)
      try openssl("req", "-new", "-key", "\(name).key", "-subj", "/CN=\(name)", "-out", "\(name).csr")
      try openssl(
        "x509", "-req", "-in", "\(name).csr", "-CA", "\(authority).pem", "-CAkey", "\(authority).key",
        "-set_serial", String(Int.random(in: 1...Int(Int32.max))), "-days", String(days), "-extfile", "\(name).ext",
        "-out", "\(name).pem")
      return TestIdentity(certificateFile: "\(directory)/\(name).pem", keyFile: "\(directory)/\(name).key")
    }

    private func key(_ name: String) throws {
      try openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "\(name).key")
    }

    private func openssl(_ arguments: String...) throws {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
      process.arguments = arguments
      process.currentDirectoryURL = URL(fileURLWithPath: directory)
      process.standardError = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else { throw OpenSSLFailed(arguments: arguments) }
    }
  }

  /// The `openssl` program refused what it was asked.
  struct OpenSSLFailed: Error {
    var arguments: [String]
  }
}
