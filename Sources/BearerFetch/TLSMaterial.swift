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
      do {
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyPath, format: .pem))
      } catch {
        throw unreadable(keyPath, key: "client_key", what: "a private key without passphrase")
      }
    }
    return configuration
  }

  private static func certificates(in path: String, key: String) throws(FetchFailure) -> [NIOSSLCertificate] {
    do {
      let certificates = try NIOSSLCertificate.fromPEMFile(path)
      if !certificates.isEmpty { return certificates }
    } catch {
      // The library's words name neither the file nor the setting.
    }
    throw unreadable(path, key: key, what: "certificates")
  }

  private static func unreadable(_ path: String, key: String, what: String) -> FetchFailure {
    FetchFailure(
      .fileUnreadable, found: "\(key) \(ShownText.quoted(path)) cannot be read as PEM",
      mend: "make it a file that bearerd may read and that holds \(what) in PEM form")
  }
}
