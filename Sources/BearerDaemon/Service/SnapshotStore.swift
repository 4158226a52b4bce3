import BearerAddress
import BearerClaims
import BearerConfiguration
import BearerCrypto
import BearerFetch
import BearerFiles
import BearerJOSE
import BearerKeys
import BearerTime
import Glibc
import Logging

/// Keeps each issuer's last good key set in a directory, so that a start in an outage has keys at once.
///
/// A file is replaced whole or not at all: written beside, forced to the disk, renamed over. Only its owner may read or
/// write it, and only a regular file that belongs to this process's user is read back, from a directory that no other
/// user may write. Its content is used only if it is whole, for the same issuer and configuration, and not too old;
/// anything else is logged and ignored.
///
/// An older set that cannot be replaced is removed, which a full disk allows: it may hold a key that was withdrawn.
struct SnapshotStore: Sendable {
  private let directory: String
  private let maximumAge: Duration

  /// A store in a directory that exists; what is older than `maximumAge` is not used.
  init(directory: String, maximumAge: Duration = KeySnapshotRecord.defaultMaximumAge) {
    self.directory = directory
    self.maximumAge = maximumAge
  }

  /// Keeps a set; blocks until it is on the disk.
  func keep(_ snapshot: KeySnapshot, of issuer: IssuerConfiguration, logger: Logger) {
    // The file is its own snapshot.
    if case .jwksFile = issuer.source { return }
    guard isDirectoryOurs else {
      return logger.error(
        "the key snapshot was not written: state_directory must be bearerd's own, and writable by no other user",
        metadata: ["bearerd.directory": "\(directory)"])
    }
    let now = SystemClock().moment
    let record = KeySnapshotRecord(
      snapshot, issuer: issuer.url, source: issuer.sourceText, configuration: issuer.snapshotDigest, now: now.monotonic,
      wallNow: NumericDate(now).seconds)
    let name = KeySnapshotRecord.fileName(issuer: issuer.url)
    guard let code = write(record.encoded(), to: name) else { return }
    logger.warning(
      "the key snapshot was not written",
      metadata: ["bearerd.directory": "\(directory)", "bearerd.reason": "\(FileErrno.words(for: code))"])
    if isOutdated(name, by: record), unlink("\(directory)/\(name)") != 0 {
      let reason = FileErrno.words(for: errno)
      logger.error(
        "an outdated key snapshot cannot be removed; a start in an outage would use its keys",
        metadata: ["bearerd.directory": "\(directory)", "bearerd.reason": "\(reason)"])
    }
  }

  /// Whether a file is there that holds, or may hold, another key set.
  private func isOutdated(_ name: String, by record: KeySnapshotRecord) -> Bool {
    switch read(name) {
    case .success(nil): return false
    case .success(let bytes?):
      // Any error will do: what cannot be read may hold anything.
      let kept = try? KeySnapshotRecord(
        decoding: bytes, issuer: record.issuer, configuration: record.configuration,
        wallNow: record.validatedAt, maximumAge: maximumAge)
      return kept?.body != record.body
    case .failure: return true
    }
  }

  /// The kept key set of an issuer and its age, if there is one that may be used.
  func load(_ issuer: IssuerConfiguration, logger: Logger) -> (keys: FetchedKeys, age: Duration)? {
    if case .jwksFile = issuer.source { return nil }
    let reason: String
    switch read(KeySnapshotRecord.fileName(issuer: issuer.url)) {
    case .success(nil): return nil
    case .success(let bytes?):
      do throws(SnapshotFault) {
        let now = NumericDate(SystemClock().moment).seconds
        let record = try KeySnapshotRecord(
          decoding: bytes, issuer: issuer.url, configuration: issuer.snapshotDigest, wallNow: now,
          maximumAge: maximumAge)
        guard
          // The digest matched but the keys do not parse, or none of them may be used.
          let keys = try? KeySet(
            parsing: record.body, algorithms: issuer.algorithms,
            usesPublishedPrivateKeys: issuer.usesPublishedPrivateKeys)
        else { throw .damaged }
        let fetched = FetchedKeys(keys: keys, body: record.body, lifetime: record.headerLifetime)
        return (fetched, record.age(wallNow: now))
      } catch {
        reason = error.rawValue
      }
    case .failure(let unfit): reason = "\(unfit)"
    }
    logger.warning("the key snapshot on disk is ignored", metadata: ["bearerd.reason": "\(reason)"])
    return nil
  }

  // MARK: Files

  private func write(_ bytes: [UInt8], to name: String) -> CInt? {
    let path = "\(directory)/\(name)"
    let beside = "\(path).new"
    unlink(beside)
    let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return errno }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return abandon(descriptor, beside) }
      written += count
    }
    guard fsync(descriptor) == 0 else { return abandon(descriptor, beside) }
    close(descriptor)
    guard rename(beside, path) == 0 else {
      let code = errno
      unlink(beside)
      return code
    }
    // The new name must be on the disk, too; if that fails, the file is still better than none.
    let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
    return nil
  }

  private func abandon(_ descriptor: CInt, _ path: String) -> CInt {
    let code = errno
    close(descriptor)
    unlink(path)
    return code == 0 ? EIO : code
  }

  /// Whether nobody else may put files into the directory.
  ///
  /// Another user could keep an old set under another name, and put it back when one of its keys was withdrawn.
  private var isDirectoryOurs: Bool {
    guard let rights = FileRights(of: directory) else { return true }
    return rights.owner == geteuid() && rights.mode & 0o022 == 0
  }

  /// A file of the directory; `nil` if there is none.
  private func read(_ name: String) -> Result<[UInt8]?, Unfit> {
    guard isDirectoryOurs else { return .failure(Unfit(description: "state_directory_not_ours")) }
    do throws(RegularFile.Fault) {
      return .success(
        try RegularFile.bytes(of: "\(directory)/\(name)", limit: KeySnapshotRecord.maximumBytes, onlyOurs: true))
    } catch {
      switch error {
      case .missing: return .success(nil)
      case .unreadable(let words): return .failure(Unfit(description: words))
      case .notOurs: return .failure(Unfit(description: "not_ours"))
      case .tooLarge: return .failure(Unfit(description: "too_large"))
      }
    }
  }

  /// Why a file is not read.
  private struct Unfit: Error, CustomStringConvertible {
    let description: String
  }
}

extension IssuerConfiguration {
  /// Where keys come from, for people who read the snapshot's file.
  fileprivate var sourceText: String {
    switch source {
    case .discovery: url
    case .jwksURI(let address): address
    case .jwksFile(let path): path
    }
  }

  /// A digest of all configuration that bears on which keys there are, and on who was trusted to say so.
  fileprivate var snapshotDigest: String {
    let names = algorithms.map(\.rawValue).sorted().joined(separator: ",")
    let kind =
      switch source {
      case .discovery: "discovery"
      case .jwksURI: "jwks_uri"
      case .jwksFile: "jwks_file"
      }
    var parts = [url, kind, sourceText, names, caFile ?? "", connectTo?.description ?? ""]
    // Seldom set; each has the name of its key in it, so that none is taken for another.
    if let proxy { parts.append("proxy \(proxy.shown)") }
    if let clientCertificate { parts.append("client_certificate \(clientCertificate)") }
    if let clientKey { parts.append("client_key \(clientKey)") }
    let text = parts.joined(separator: "\n")
    return SHA256.hexadecimal(of: Array(text.utf8), bytes: 16)
  }
}
