import BearerKeys
import NIOCore
import NIOSSL

/// The TLS configuration of an issuer's fetches, read from its files.
enum TLSMaterial {
  /// TLS 1.2 or later, full verification, the system's authorities and those of `caFile`.
  ///
  /// - Throws: `file_unreadable` that names the key and the file.
  static func configuration(for settings: KeySourceSettings) throws(FetchFailure) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.shutdownTimeout = .milliseconds(FetchLimits.closeMilliseconds)
    if let path = settings.caFile {
      configuration.additionalTrustRoots = [.certificates(try certificates(in: path, key: "ca_file"))]
    }
    if let path = settings.clientCertificateFile {
      configuration.certificateChain = try certificates(in: path, key: "client_certificate").map { .certificate($0) }
      let keyPath = settings.clientKeyFile ?? path
      configuration.privateKey = .privateKey(try privateKey(in: keyPath))
      try check(configuration, certificatePath: path, keyPath: keyPath)
    }
    return configuration
  }

  /// Refuses a key that is not the certificate's; the client would find out only once it connects, and not say it.
  private static func check(
    _ configuration: TLSConfiguration, certificatePath: String, keyPath: String
  ) throws(FetchFailure) {
    var pair = TLSConfiguration.makeClientConfiguration()
    // Without authorities: the system's take megabytes, and nothing is connected to.
    pair.trustRoots = .certificates([])
    pair.certificateVerification = .none
    pair.certificateChain = configuration.certificateChain
    pair.privateKey = configuration.privateKey
    do {
      _ = try NIOSSLContext(configuration: pair)
    } catch NIOSSLError.failedToLoadPrivateKey {
      throw FetchFailure(
        .fileUnreadable,
        found: "client_key \(ShownText.quoted(keyPath)) does not belong to client_certificate "
          + ShownText.quoted(certificatePath),
        mend: "give the key that the certificate was made for; the certificate must be the first of its file")
    } catch {
      throw FetchFailure(
        .fileUnreadable,
        found: "client_certificate \(ShownText.quoted(certificatePath)) is of no kind that TLS can use",
        mend: "use a certificate with an RSA or EC key")
    }
  }

  private static func certificates(in path: String, key: String) throws(FetchFailure) -> [NIOSSLCertificate] {
    let bytes = try bytes(of: path, key: key)
    do {
      let certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
      if !certificates.isEmpty { return certificates }
    } catch {
      // The library's words name neither the file nor the setting.
    }
    throw notPEM(path, key: key, what: "certificates")
  }

  private static func privateKey(in path: String) throws(FetchFailure) -> NIOSSLPrivateKey {
    let bytes = try bytes(of: path, key: "client_key")
    do {
      return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
    } catch {
      throw notPEM(path, key: "client_key", what: "a private key without passphrase")
    }
  }

  private static func bytes(of path: String, key: String) throws(FetchFailure) -> [UInt8] {
    do throws(RegularFile.Fault) {
      return try RegularFile.bytes(of: path, limit: FetchLimits.materialBytes)
    } catch {
      let reason =
        switch error {
        case .unreadable(let reason): reason
        case .tooLarge: "it is larger than \(FetchLimits.materialBytes) bytes"
        }
      throw FetchFailure(
        .fileUnreadable, found: "\(key) \(ShownText.quoted(path)) cannot be read: \(reason)",
        mend: "make it a file that bearerd's user may read")
    }
  }

  private static func notPEM(_ path: String, key: String, what: String) -> FetchFailure {
    FetchFailure(
      .fileUnreadable, found: "\(key) \(ShownText.quoted(path)) cannot be read as PEM",
      mend: "make it a file that holds \(what) in PEM form")
  }
}
