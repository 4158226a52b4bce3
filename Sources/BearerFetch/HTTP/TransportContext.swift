import AsyncHTTPClient
import BearerAddress
import BearerKeys
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// What a message about a failed request needs to know.
struct TransportContext: Sendable {
  /// What was asked.
  var address: WebAddress
  /// How it was reached.
  var route: FetchRoute
  /// The bound that the operator set, for messages.
  var timeout: Duration
  /// Whether the provider is shown a client certificate if it asks for one.
  var hasClientCertificate: Bool

  /// How far a request had come when it failed.
  enum Progress {
    /// The connection was still being made, tunnel and handshake included.
    case none
    /// The request was on its way.
    case connection
    /// The response had begun, and its rest is missing.
    case head
  }

  /// Whether the peer's certificate chain was refused; BoringSSL does not say why.
  static func isCertificateRefused(_ error: any Error) -> Bool {
    guard case .handshakeFailed(let cause)? = error as? NIOSSLError else { return false }
    return String(describing: cause).contains("CERTIFICATE_VERIFY_FAILED")
  }

  /// One library error as a failure with its own code.
  ///
  /// - Parameters:
  ///   - error: What the client threw.
  ///   - progress: How far the request had come.
  /// - Returns: The failure.
  func failure(for error: any Error, at progress: Progress) -> FetchFault {
    if Task.isCancelled { return timedOut(hasHead: progress == .head) }
    if progress == .head {
      if let error = error as? HTTPClientError, TransportContext.isTimeout(error) { return timedOut(hasHead: true) }
      return truncated()
    }
    switch error {
    case let error as HTTPClientError: return failure(for: error, at: progress)
    case let error as NIOConnectionError: return failure(for: error)
    case let error as NIOSSLExtraError where error == .failedToValidateHostname: return wrongName()
    case is CertificateName.NotNamed: return wrongName()
    // A handshake needs an open tunnel, so the proxy is not the cause.
    case let error as NIOSSLError where TLSFault.isEnd(error): return reset()
    case ChannelError.connectTimeout: return timedOut(hasHead: false)
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      return TLSFault.failure(for: error, peer: route.peer, hasCertificate: hasClientCertificate)
    case let error as IOError: return failure(for: error)
    case HTTPParserError.invalidEOFState, is ChannelError: return ended(at: progress)
    case HTTPParserError.unexpectedContentLength where progress == .connection:
      return unclearLength("two Content-Length fields")
    case HTTPParserError.invalidContentLength where progress == .connection:
      return unclearLength("a Content-Length that is no number, or beside Transfer-Encoding")
    case is HTTPParserError where progress == .connection: return invalidHTTP()
    // AsyncHTTPClient has private errors for a connection that ended while it was being made.
    default: return progress == .none ? ended(at: progress) : invalidHTTP()
    }
  }

  /// The time was up.
  func timedOut(hasHead: Bool) -> FetchFault {
    FetchFault(
      .timedOut,
      found: hasHead
        ? "\(address.shown) had not sent its whole body when the fetch's \(timeout) were over"
        : "\(address.shown) had not answered when the fetch's \(timeout) were over",
      advice: "check that \(route.peer) is reachable from this host and quick enough, or lengthen timeout")
  }

  /// The name that is connected to has no address.
  func nameNotFound(_ name: String) -> FetchFault {
    if let proxy = route.connectionKey.proxy {
      return proxyFailed("cannot be reached", advice: "check the address \(proxy.shown) and that it listens")
    }
    return FetchFault(
      .dnsFailed, found: "the name \(ShownText.quoted(name)) has no address",
      advice: "check its spelling and this host's resolver (/etc/resolv.conf)")
  }

  /// The body is over its bound.
  func tooLarge(limit: Int) -> FetchFault {
    FetchFault(
      .bodyTooLarge, found: "\(address.shown) sends more than \(limit) bytes",
      advice: "check that the address is a discovery document or a key set")
  }

  /// The body ended early.
  func truncated() -> FetchFault {
    FetchFault(
      .bodyTruncated, found: "the connection to \(address.shown) ended before the whole body had come",
      advice: "look for what closes connections between this host and the provider")
  }

  /// The certificate is for another name.
  private func wrongName() -> FetchFault {
    FetchFault(
      .tlsWrongName, found: "the certificate of \(route.peer) is not for \(ShownText.quoted(address.host))",
      advice: "use the name that the certificate carries in url, or a certificate that carries the url's name")
  }

  private static func isTimeout(_ error: HTTPClientError) -> Bool {
    switch error {
    case .connectTimeout, .tlsHandshakeTimeout, .deadlineExceeded, .readTimeout, .httpProxyHandshakeTimeout,
      .getConnectionFromPoolTimeout, .cancelled:
      true
    default: false
    }
  }

  private func failure(for error: HTTPClientError, at progress: Progress) -> FetchFault {
    if TransportContext.isTimeout(error) { return timedOut(hasHead: false) }
    switch error {
    case .remoteConnectionClosed, .uncleanShutdown: return ended(at: progress)
    case .proxyAuthenticationRequired:
      return proxyFailed(
        "asks for credentials", advice: "put what it wants into proxy, as http://name:password@host:port")
    case .invalidProxyResponse:
      return proxyFailed("did not open a tunnel", advice: "check that the proxy allows CONNECT to \(address.authority)")
    case .invalidURL, .emptyHost, .emptyScheme:
      return FetchFault(
        .invalidURL, found: "\(address.shown) cannot be fetched", advice: "write it as an absolute https URL")
    default: return invalidHTTP()
    }
  }

  private func failure(for error: NIOConnectionError) -> FetchFault {
    if let proxy = route.connectionKey.proxy {
      return proxyFailed("cannot be reached", advice: "check the address \(proxy.shown) and that it listens")
    }
    guard let last = error.connectionErrors.last?.error else { return nameNotFound(error.host) }
    if case .connectTimeout? = last as? ChannelError { return timedOut(hasHead: false) }
    return connectFailed(last)
  }

  private func failure(for error: IOError) -> FetchFault {
    switch error.errnoCode {
    case Errno.connectionReset, Errno.brokenPipe, Errno.notConnected: return reset()
    default:
      if route.connectionKey.proxy != nil {
        return proxyFailed("cannot be reached", advice: "check its address and that it listens")
      }
      return connectFailed(error)
    }
  }

  private func connectFailed(_ error: any Error) -> FetchFault {
    let reason = (error as? IOError).map { Errno.words(for: $0.errnoCode) } ?? "no connection"
    return FetchFault(
      .connectFailed, found: "cannot connect to \(route.peer): \(reason)",
      advice: "check that the provider listens there and that no firewall stands between")
  }

  /// The connection ended; if there was no tunnel yet, the proxy ended it.
  private func ended(at progress: Progress) -> FetchFault {
    guard let proxy = route.connectionKey.proxy, progress == .none else { return reset() }
    return proxyFailed(
      "ended the connection in place of opening a tunnel, or does not speak HTTP",
      advice: "check that \(proxy.shown) is an HTTP proxy, and that it allows CONNECT to \(address.authority)")
  }

  private func reset() -> FetchFault {
    let advice =
      if address.scheme != .https {
        "check the provider's log; a TLS port that is asked without TLS may also do this"
      } else if route.connectionKey.proxy != nil {
        "check that the provider speaks TLS on this port, and the logs of both"
      } else {
        "check that it speaks TLS on this port, and its log; a firewall or balancer in between may also do this"
      }
    return FetchFault(
      .connectionReset, found: "\(route.peer) closed the connection before it answered", advice: advice)
  }

  private func unclearLength(_ what: String) -> FetchFault {
    FetchFault(
      .invalidHTTP, found: "\(route.peer) answered with \(what)",
      advice: "have the provider, or the proxy before it, send one length; where a body ends must not be open to doubt")
  }

  private func invalidHTTP() -> FetchFault {
    FetchFault(
      .invalidHTTP,
      found:
        "what \(route.peer) answered is not HTTP, or has header fields that are too long, malformed or at odds",
      advice: "check host and port of the url; if they are right, have the provider mend the header fields")
  }

  private func proxyFailed(_ what: String, advice: String) -> FetchFault {
    FetchFault(.proxyFailed, found: "the proxy \(route.connectionKey.proxy?.shown ?? "") \(what)", advice: advice)
  }
}
