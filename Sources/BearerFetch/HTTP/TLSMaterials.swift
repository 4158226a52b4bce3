import BearerFiles
import BearerKeys
import NIOCore
import NIOSSL
import Synchronization

/// The TLS configuration of each set of files, read once, and again when one of them changes.
final class TLSMaterials: Sendable {
  private struct Entry: Sendable {
    let identities: [FileIdentity?]
    let configuration: TLSConfiguration
  }

  /// More sets than one configuration has; reloads add others, and beyond this number all are dropped and read again.
  private static let maximumEntries = 1024

  private let entries = Mutex<[TLSFiles: Entry]>([:])

  /// TLS 1.2 or later, full verification, and the authorities of the files.
  ///
  /// The caller adds the system's authorities. May block.
  ///
  /// - Throws: `file_unreadable`, with the key of the configuration and the file.
  func configuration(for files: TLSFiles) throws(FetchFault) -> TLSConfiguration {
    // Before reading: a file that changes meanwhile is read again by the next fetch.
    let identities = [files.authorities, files.certificate, files.key].map { $0.flatMap(FileIdentity.init(of:)) }
    if let entry = entries.withLock({ $0[files] }), entry.identities == identities { return entry.configuration }
    let configuration = try Self.read(files)
    entries.withLock { entries in
      if entries.count >= Self.maximumEntries { entries = [:] }
      entries[files] = Entry(identities: identities, configuration: configuration)
    }
    return configuration
  }

  private static func read(_ files: TLSFiles) throws(FetchFault) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.shutdownTimeout = .milliseconds(FetchLimits.closeMilliseconds)
    if let path = files.authorities {
      configuration.additionalTrustRoots = [.certificates(try certificates(in: path, key: "ca_file"))]
    }
    if let path = files.certificate {
      configuration.certificateChain = try certificates(in: path, key: "client_certificate").map { .certificate($0) }
      let keyPath = files.key ?? path
      configuration.privateKey = .privateKey(try privateKey(in: keyPath))
      try check(configuration, certificatePath: path, keyPath: keyPath)
    }
    return configuration
  }

  /// Refuses a key that is not the certificate's; the client would fail only when it connects, and not say why.
  private static func check(
    _ configuration: TLSConfiguration, certificatePath: String, keyPath: String
  ) throws(FetchFault) {
    var pair = TLSConfiguration.makeClientConfiguration()
    // Without authorities: the system's take megabytes, and nothing is connected to.
    pair.trustRoots = .certificates([])
    pair.certificateVerification = .none
    pair.certificateChain = configuration.certificateChain
    pair.privateKey = configuration.privateKey
    do {
      _ = try NIOSSLContext(configuration: pair)
    } catch NIOSSLError.failedToLoadPrivateKey {
      throw FetchFault(
        .fileUnreadable,
        found: "client_key \(ShownText.quoted(keyPath)) does not belong to client_certificate "
          + ShownText.quoted(certificatePath),
        advice: "give the key that the certificate was made for; the certificate must be the first of its file")
    } catch {
      throw FetchFault(
        .fileUnreadable,
        found: "client_certificate \(ShownText.quoted(certificatePath)) is of no kind that TLS can use",
        advice: "use a certificate with an RSA or EC key")
    }
  }

  private static func certificates(in path: String, key: String) throws(FetchFault) -> [NIOSSLCertificate] {
    let bytes = try bytes(of: path, key: key)
    do {
      let certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
      if !certificates.isEmpty { return certificates }
    } catch {
      // The library's message names neither the file nor the setting.
    }
    throw notPEM(path, key: key, what: "certificates")
  }

  private static func privateKey(in path: String) throws(FetchFault) -> NIOSSLPrivateKey {
    let bytes = try bytes(of: path, key: "client_key")
    do {
      return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
    } catch {
      throw notPEM(path, key: "client_key", what: "a private key without passphrase")
    }
  }

  private static func bytes(of path: String, key: String) throws(FetchFault) -> [UInt8] {
    do throws(RegularFile.Fault) {
      return try RegularFile.bytes(of: path, limit: FetchLimits.materialBytes)
    } catch {
      throw FetchFault(
        .fileUnreadable, found: "\(key) \(ShownText.quoted(path)) cannot be read: \(error.reason)",
        advice: "make it a file that bearerd's user may read")
    }
  }

  private static func notPEM(_ path: String, key: String, what: String) -> FetchFault {
    FetchFault(
      .fileUnreadable, found: "\(key) \(ShownText.quoted(path)) cannot be read as PEM",
      advice: "make it a file that holds \(what) in PEM form")
  }
}
