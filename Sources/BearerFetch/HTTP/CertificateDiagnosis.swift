import AsyncHTTPClient
import BearerKeys
import Glibc
import NIOCore
import NIOSSL
import Synchronization

/// Finds out why a certificate was refused.
///
/// BoringSSL tells its caller that verification failed, not why; and "expired" and "unknown authority" are mended by
/// different people. So after a refusal, and only then, a second handshake without verification looks at the
/// certificate. No request is sent over that connection: the hook for new connections fails, which closes it. The
/// client certificate is not shown there.
enum CertificateDiagnosis {
  /// Looks at the certificate, and says why it was refused.
  static func failure(
    context: TransportContext, tls: TLSConfiguration, group: any EventLoopGroup, deadline: NIODeadline
  ) async -> FetchFault {
    let authorities = tls.additionalTrustRoots.flatMap { roots -> [CertificateFacts] in
      guard case .certificates(let certificates) = roots else { return [] }
      return certificates.map { CertificateFacts($0) }
    }
    var tls = tls
    tls.certificateVerification = .none
    tls.certificateChain = []
    tls.privateKey = nil
    var configuration = HTTPPool.configuration(
      key: context.route.connectionKey, tls: tls, connectTimeout: deadline - .now())
    let seen = SeenCertificate()
    configuration.http1_1ConnectionDebugInitializer = { channel in
      channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
        seen.keep(certificate)
        throw SeenCertificate.Enough()
      }.closingOnFailure(channel)
    }
    let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    // It always fails, in the hook above at the latest; only what the hook saw counts.
    _ = try? await client.execute(HTTPClientRequest(url: context.route.url), deadline: deadline)
    client.shutdown { _ in }
    return failure(leaf: seen.facts, authorities: authorities, now: Int64(time(nil)), context: context)
  }

  /// Explains a refusal by the times of the certificates.
  ///
  /// Only the authorities of `ca_file` can be looked at: the library shows neither the system's nor the intermediates
  /// that the provider sends.
  ///
  /// - Parameters:
  ///   - leaf: The provider's certificate; `nil` if none was received.
  ///   - authorities: Those of `ca_file`.
  ///   - now: This host's time, in seconds since 1970.
  ///   - context: The request.
  /// - Returns: `tls_expired` or, if the times are in order, `tls_unknown_authority`.
  static func failure(
    leaf: CertificateFacts?, authorities: [CertificateFacts], now: Int64, context: TransportContext
  ) -> FetchFault {
    let peer = context.route.peer
    if let leaf, !leaf.isValid(at: now) {
      return FetchFault(
        .tlsExpired, found: "the certificate of \(peer) \(words(for: leaf, now: now))",
        advice: leaf.until < now
          ? "renew it, or set this host's clock if that is wrong"
          : "set the clock of this host, or of the one that issued it")
    }
    if let issuer = leaf?.issuer {
      let signers = authorities.filter { $0.subject == issuer }
      if let last = signers.max(by: { $0.until < $1.until }), !signers.contains(where: { $0.isValid(at: now) }) {
        return FetchFault(
          .tlsExpired,
          found: "the authority's certificate in ca_file, by which that of \(peer) is signed, "
            + words(for: last, now: now),
          advice: "put the authority's current certificate into ca_file, or set this host's clock if that is wrong")
      }
    }
    let expired = authorities.filter { $0.until < now }.max { $0.until < $1.until }
    return FetchFault(
      .tlsUnknownAuthority,
      found: "the certificate of \(peer) is not signed by an authority that this host trusts"
        + (expired.map { "; ca_file holds one that \(words(for: $0, now: now))" } ?? ""),
      advice: "name the authority's certificate in ca_file, or if it is a public one, install ca-certificates; if that "
        + "is done, have the provider send its intermediate certificates, none of which may have expired")
  }

  private static func words(for certificate: CertificateFacts, now: Int64) -> String {
    certificate.until < now ? "expired \(ago(now - certificate.until))" : "is not valid yet"
  }

  private static func ago(_ seconds: Int64) -> String {
    seconds >= 172_800 ? "\(seconds / 86_400) days ago" : "\(max(1, seconds / 3600)) hours ago"
  }
}

/// Carries what a certificate says from the event loop to the waiting task.
private final class SeenCertificate: Sendable {
  /// Thrown once the certificate was seen, so that the connection is never used.
  struct Enough: Error {}

  private let seen = Mutex<CertificateFacts?>(nil)

  func keep(_ certificate: NIOSSLCertificate?) {
    guard let certificate else { return }
    seen.withLock { $0 = CertificateFacts(certificate) }
  }

  var facts: CertificateFacts? { seen.withLock { $0 } }
}
