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
  /// For a server: whether it speaks no newer TLS than 1.1.
  package var isOldTLSOnly = false
  /// For a server: whether it speaks no newer TLS than 1.2.
  package var isTLS12Only = false

  func serverContext() throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(certificateFile).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem)))
    if let clientAuthorityFile {
      configuration.trustRoots = .file(clientAuthorityFile)
      configuration.certificateVerification = .noHostnameVerification
    }
    if isTLS12Only { configuration.maximumTLSVersion = .tlsv12 }
    if isOldTLSOnly {
      configuration.minimumTLSVersion = .tlsv1
      configuration.maximumTLSVersion = .tlsv11
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
  /// As `good`, but valid from the year 2090 on.
  package var notYetValid: TestIdentity
  /// For localhost by its common name, without alternative names.
  package var commonNameOnly: TestIdentity
  /// For the address 127.0.0.1 only.
  package var addressOnly: TestIdentity
  /// As `good`, but signed by itself.
  package var selfSigned: TestIdentity
  /// The authority (PEM) that signed `unknownAuthority`.
  package var strangerFile: String
  /// As `good`, but signed by an authority of its own that nobody trusts.
  package var unknownAuthority: TestIdentity
  /// The authority (PEM) that signed `expiredAuthority`, which expired yesterday.
  package var expiredAuthorityFile: String
  /// As `good`, but signed by an authority that has expired.
  package var expiredAuthority: TestIdentity
  /// As `good`, but signed by an intermediate certificate, sent with it, that has expired.
  package var expiredIntermediate: TestIdentity
  /// A client's, signed by the authority.
  package var client: TestIdentity
  /// A client's, signed by the authority, but expired yesterday.
  package var expiredClient: TestIdentity
  /// A client's, signed by another authority.
  package var strangeClient: TestIdentity

  /// The certificates of this run.
  package static func shared() throws -> TestCertificates { try made.get() }

  private static let made = Result { try make() }

  private static let directory =
    FileManager.default.temporaryDirectory.appendingPathComponent("bearerd-test-\(UUID().uuidString)").path

  private static func make() throws -> TestCertificates {
    atexit { try? FileManager.default.removeItem(atPath: TestCertificates.directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let maker = Maker(directory: directory)
    try maker.authority("ca")
    try maker.authority("stranger")
    try maker.expiredAuthority("old-ca")
    try maker.expiredAuthority("middle", signedBy: "ca")
    let names = "DNS:localhost,DNS:\(publicName),IP:127.0.0.1,IP:::1"
    return TestCertificates(
      authorityFile: "\(directory)/ca.pem",
      good: try maker.leaf("good", names: names, days: 2, authority: "ca"),
      wrongName: try maker.leaf("wrong", names: "DNS:other.example.test", days: 2, authority: "ca"),
      expired: try maker.leaf("expired", names: names, days: -1, authority: "ca"),
      notYetValid: try maker.leaf("future", names: names, from: "20900101000000Z", authority: "ca"),
      commonNameOnly: try maker.leaf("localhost", names: nil, days: 2, authority: "ca"),
      addressOnly: try maker.leaf("address", names: "IP:127.0.0.1", days: 2, authority: "ca"),
      selfSigned: try maker.selfSigned("self", names: names), strangerFile: "\(directory)/stranger.pem",
      unknownAuthority: try maker.leaf("unknown", names: names, days: 2, authority: "stranger"),
      expiredAuthorityFile: "\(directory)/old-ca.pem",
      expiredAuthority: try maker.leaf("survivor", names: names, days: 2, authority: "old-ca"),
      expiredIntermediate: try maker.leaf("below", names: names, days: 2, authority: "middle", isSentWithIt: true),
      client: try maker.leaf("client", names: "DNS:client.example.test", days: 2, authority: "ca"),
      expiredClient: try maker.leaf("old-client", names: "DNS:client.example.test", days: -1, authority: "ca"),
      strangeClient: try maker.leaf("strange", names: "DNS:client.example.test", days: 2, authority: "stranger"))
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

    /// An authority that expired yesterday; `openssl req` takes no negative days.
    func expiredAuthority(_ name: String, signedBy authority: String? = nil) throws {
      try key(name)
      try write("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n", to: "\(name).ext")
      try openssl("req", "-new", "-key", "\(name).key", "-subj", "/CN=bearerd test \(name)", "-out", "\(name).csr")
      var signer = ["-signkey", "\(name).key"]
      if let authority { signer = ["-CA", "\(authority).pem", "-CAkey", "\(authority).key", "-set_serial", "7"] }
      try openssl(
        ["x509", "-req", "-in", "\(name).csr"] + signer
          + ["-days", "-1", "-extfile", "\(name).ext", "-out", "\(name).pem"])
    }

    func leaf(
      _ name: String, names: String?, days: Int, authority: String, isSentWithIt: Bool = false
    ) throws -> TestIdentity {
      try request(name, names: names)
      try openssl(
        "x509", "-req", "-in", "\(name).csr", "-CA", "\(authority).pem", "-CAkey", "\(authority).key",
        "-set_serial", String(Int.random(in: 1...Int(Int32.max))), "-days", String(days), "-extfile", "\(name).ext",
        "-out", "\(name).pem")
      if isSentWithIt {
        let chain = try [name, authority].map {
          try String(contentsOfFile: "\(directory)/\($0).pem", encoding: .utf8)
        }
        try write(chain.joined(), to: "\(name).pem")
      }
      return identity(name)
    }

    /// A certificate that becomes valid at a time, as in ASN.1; only `openssl ca` can make one.
    func leaf(_ name: String, names: String, from: String, authority: String) throws -> TestIdentity {
      try request(name, names: names)
      try write("", to: "\(name).index")
      try write(
        """
        [ca]
        default_ca = one
        [one]
        database = \(name).index
        new_certs_dir = .
        rand_serial = yes
        default_md = sha256
        policy = any
        [any]
        commonName = supplied

        """, to: "\(name).cnf")
      try openssl(
        "ca", "-batch", "-notext", "-config", "\(name).cnf", "-in", "\(name).csr", "-cert", "\(authority).pem",
        "-keyfile", "\(authority).key", "-startdate", from, "-enddate", "20991231235959Z", "-extfile", "\(name).ext",
        "-out", "\(name).pem")
      return identity(name)
    }

    func selfSigned(_ name: String, names: String) throws -> TestIdentity {
      try key(name)
      try openssl(
        "req", "-x509", "-new", "-key", "\(name).key", "-subj", "/CN=\(name)", "-days", "2",
        "-addext", "subjectAltName=\(names)", "-out", "\(name).pem")
      return identity(name)
    }

    private func request(_ name: String, names: String?) throws {
      try key(name)
      let alternatives = names.map { "subjectAltName=\($0)\n" } ?? ""
      try write(alternatives + "basicConstraints=CA:FALSE\n", to: "\(name).ext")
      try openssl("req", "-new", "-key", "\(name).key", "-subj", "/CN=\(name)", "-out", "\(name).csr")
    }

    private func identity(_ name: String) -> TestIdentity {
      TestIdentity(certificateFile: "\(directory)/\(name).pem", keyFile: "\(directory)/\(name).key")
    }

    private func write(_ text: String, to name: String) throws {
      try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
    }

    private func key(_ name: String) throws {
      try openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "\(name).key")
    }

    private func openssl(_ arguments: String...) throws { try openssl(arguments) }

    private func openssl(_ arguments: [String]) throws {
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
