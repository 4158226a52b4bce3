import BearerKeys
import NIOSSL

/// Why a handshake, or the first read after it, failed.
///
/// In TLS 1.3 the client's handshake ends before the provider has looked at the client's certificate (RFC 8446
/// section 4.4), so a refusal comes in place of the answer.
enum TLSFault {
  /// Whether an error is the mere end of the connection, without an alert that says why.
  static func isEnd(_ error: NIOSSLError) -> Bool {
    switch error {
    case .uncleanShutdown, .handshakeFailed(.zeroReturn), .handshakeFailed(.syscallError): true
    case .handshakeFailed(.sslError(let stack)): stack == [.eofDuringHandshake]
    default: false
    }
  }

  /// The failure for one error of the TLS library that is neither about the provider's certificate nor a mere end.
  ///
  /// - Parameters:
  ///   - error: What the client threw; BoringSSL's reason is only in its description.
  ///   - peer: Where the connection went, for messages.
  ///   - hasCertificate: Whether a client certificate is configured.
  /// - Returns: `tls_failed`.
  static func failure(for error: any Error, peer: String, hasCertificate: Bool) -> FetchFault {
    let words = String(describing: error)
    let (reason, advice) = reason(words) ?? aboutClient(words, hasCertificate: hasCertificate) ?? unknown
    return FetchFault(.tlsFailed, found: "no TLS with \(peer): \(reason)", advice: advice)
  }

  private static let unknown = (
    "the handshake did not end well", "check the provider's TLS settings; TLS 1.2 or later is needed"
  )

  private static func reason(_ words: String) -> (String, String)? {
    if words.contains("WRONG_VERSION_NUMBER") || words.contains("HTTP_REQUEST") {
      return ("it does not speak TLS", "check the port, or the scheme of the url")
    }
    if words.contains("UNSUPPORTED_PROTOCOL") || words.contains("ALERT_PROTOCOL_VERSION") {
      return ("it speaks no TLS that this host does", "have it speak TLS 1.2 or 1.3")
    }
    if words.contains("ALERT_UNRECOGNIZED_NAME") {
      return ("it does not know the name that it was asked for", "check the host of the url")
    }
    if words.contains("HANDSHAKE_FAILURE_ON_CLIENT_HELLO") {
      return ("it refuses this client's greeting", "check that it speaks TLS 1.2 or 1.3, with usual ciphers")
    }
    return nil
  }

  /// What an alert says about the client's certificate or its absence (RFC 8446 section 6.2).
  private static func aboutClient(_ words: String, hasCertificate: Bool) -> (String, String)? {
    // TLS 1.2 has no alert for a missing certificate; after the greeting, handshake_failure usually means that.
    let isGuess = words.contains("ALERT_HANDSHAKE_FAILURE")
    guard isGuess || refusals.contains(where: { words.contains($0.alert) }) else { return nil }
    if !hasCertificate {
      return (
        "it \(isGuess ? "seems to demand" : "demands") a client certificate",
        "set client_certificate and client_key to what the provider accepts"
      )
    }
    let why = refusals.first { words.contains($0.alert) }?.why ?? ""
    return (
      "it \(isGuess ? "seems to refuse" : "refuses") the client certificate\(why)",
      "ask whoever runs the provider what it accepts; client_certificate must hold the intermediate certificates too"
    )
  }

  /// The alerts that can only be about the client's certificate.
  private static let refusals = [
    (alert: "ALERT_CERTIFICATE_REQUIRED", why: ""), (alert: "ALERT_BAD_CERTIFICATE", why: ""),
    (alert: "ALERT_UNSUPPORTED_CERTIFICATE", why: " as one of a kind that it does not take"),
    (alert: "ALERT_CERTIFICATE_REVOKED", why: " as revoked"),
    (alert: "ALERT_CERTIFICATE_EXPIRED", why: " as expired"), (alert: "ALERT_CERTIFICATE_UNKNOWN", why: ""),
    (alert: "ALERT_UNKNOWN_CA", why: " as one of an authority that it does not trust"),
    (alert: "ALERT_ACCESS_DENIED", why: ": it is valid, but not allowed here"),
  ]
}
