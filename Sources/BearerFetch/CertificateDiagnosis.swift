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
/// certificate. Nothing is sent over that connection: it is closed before any request could go out, by failing the
/// hook that a new connection has to pass. The client certificate stays out of it.
enum CertificateDiagnosis {
  /// The failure with its own code.
  static func failure(
    context: TransportContext, tls: TLSConfiguration, group: any EventLoopGroup, deadline: NIODeadline
  ) async -> FetchFailure {
    var tls = tls
    tls.certificateVerification = .none
    tls.certificateChain = []
    tls.privateKey = nil
    var configuration = FetchSession.configuration(way: context.route.way, tls: tls, deadline: deadline)
    let seen = SeenCertificate()
    configuration.http1_1ConnectionDebugInitializer = { channel in
      channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
        seen.keep(certificate)
        throw SeenCertificate.Enough()
      }.closingOnFailure(channel)
    }
    let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    _ = try? await client.execute(HTTPClientRequest(url: context.route.url), deadline: deadline)
    client.shutdown { _ in }
    return failure(validity: seen.validity, now: Int64(time(nil)), context: context)
  }

  /// What a certificate's validity says about its refusal.
  ///
  /// - Parameters:
  ///   - validity: The leaf certificate's times, in seconds since 1970; `nil` if it could not be had.
  ///   - now: This host's time, in seconds since 1970.
  ///   - context: The request.
  /// - Returns: `tls_expired` or, if the times are in order, `tls_unknown_authority`.
  static func failure(
    validity: (from: Int64, until: Int64)?, now: Int64, context: TransportContext
  ) -> FetchFailure {
    if let validity, validity.until < now {
      return FetchFailure(
        .tlsExpired, found: "the certificate of \(context.route.peer) expired \(ago(now - validity.until))",
        mend: "renew it, or set this host's clock if that is wrong")
    }
    if let validity, validity.from > now {
      return FetchFailure(
        .tlsExpired, found: "the certificate of \(context.route.peer) is not valid yet",
        mend: "set the clock of this host, or of the one that issued it")
    }
    return FetchFailure(
      .tlsUnknownAuthority,
      found: "the certificate of \(context.route.peer) is not signed by an authority that this host trusts",
      mend: "name the authority's certificate in ca_file; if it is a public one, install ca-certificates "
        + "or have the provider send its intermediate certificates")
  }

  private static func ago(_ seconds: Int64) -> String {
    seconds >= 172_800 ? "\(seconds / 86_400) days ago" : "\(max(1, seconds / 3600)) hours ago"
  }
}

/// Carries a certificate's times from the event loop to the waiting task.
private final class SeenCertificate: Sendable {
  /// Thrown once the certificate was seen, so that the connection is never used.
  struct Enough: Error {}

  private let times = Mutex<(from: Int64, until: Int64)?>(nil)

  func keep(_ certificate: NIOSSLCertificate?) {
    guard let certificate else { return }
    times.withLock { $0 = (Int64(certificate.notValidBefore), Int64(certificate.notValidAfter)) }
  }

  var validity: (from: Int64, until: Int64)? { times.withLock { $0 } }
}
