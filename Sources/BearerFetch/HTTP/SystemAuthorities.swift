import BearerKeys
import NIOSSL
import Synchronization

/// The authorities that the system trusts, read once, and again when their file changes.
///
/// The TLS library would read and hold them for each of its contexts: a megabyte and some milliseconds per fetch.
final class SystemAuthorities: Sendable {
  private struct State: Sendable {
    var seen: FileIdentity?
    var certificates: [NIOSSLCertificate] = []
    var isReading = false
    var waiters = Waiters<Void>()
  }

  /// Where Debian and Fedora with their descendants keep them; elsewhere the TLS library looks by itself.
  private static let paths = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]

  private let state = Mutex(State())

  /// The system's authorities, as their file has them now; as they were last read if the task is cancelled.
  func trustRoots() async -> NIOSSLTrustRoots {
    let id = Mutex<Waiters<Void>.ID?>(nil)
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        let begins = state.withLock { state -> Bool? in
          if Task.isCancelled { return nil }
          let new = state.waiters.add { continuation.resume() }
          id.withLock { $0 = new }
          defer { state.isReading = true }
          return !state.isReading
        }
        guard let begins else { return continuation.resume() }
        if begins { FileThread.detach { [self] in read() } }
      }
    } onCancel: {
      let wakeUp = state.withLock { state in id.withLock(\.self).flatMap { state.waiters.remove($0) } }
      wakeUp?(())
    }
    let certificates = state.withLock(\.certificates)
    return certificates.isEmpty ? .default : .certificates(certificates)
  }

  private func read() {
    let seen = state.withLock(\.seen)
    var new: (FileIdentity, [NIOSSLCertificate])?
    for path in Self.paths {
      guard let identity = FileIdentity(of: path) else { continue }
      if identity == seen { break }
      // A file that cannot be read or has no certificate is skipped.
      guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else { continue }
      new = (identity, certificates)
      break
    }
    let wakeUps = state.withLock { state in
      if let new { (state.seen, state.certificates) = new }
      state.isReading = false
      return state.waiters.removeAll()
    }
    for wakeUp in wakeUps { wakeUp(()) }
  }
}
