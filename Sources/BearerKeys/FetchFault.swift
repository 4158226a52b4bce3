package import BearerJOSE

/// Why a fetch failed: a stable code, what was found, and what to do about it.
package struct FetchFault: Error, Equatable, Sendable {
  /// The stable codes of failed fetches.
  package enum Code: String, CaseIterable, Sendable {
    case dnsFailed = "dns_failed"
    case connectFailed = "connect_failed"
    case connectionReset = "connection_reset"
    case timedOut = "timed_out"
    case proxyFailed = "proxy_failed"
    case tlsFailed = "tls_failed"
    case tlsUnknownAuthority = "tls_unknown_authority"
    case tlsWrongName = "tls_wrong_name"
    case tlsExpired = "tls_expired"
    case redirectRefused = "redirect_refused"
    case invalidHTTP = "invalid_http"
    case httpStatus = "http_status"
    case bodyTooLarge = "body_too_large"
    case bodyTruncated = "body_truncated"
    case notJSON = "not_json"
    case notDiscovery = "not_a_discovery_document"
    case issuerMismatch = "issuer_mismatch"
    case noJWKSURI = "no_jwks_uri"
    case jwksURIRefused = "jwks_uri_refused"
    case notAKeySet = "not_a_key_set"
    case emptyKeySet = "empty_key_set"
    case noUsableKey = "no_usable_key"
    case keysUndecided = "keys_undecided"
    case fileUnreadable = "file_unreadable"
    case invalidURL = "invalid_url"
  }

  /// The stable code.
  package var code: Code
  /// What was found: a sentence without its full stop, and without any token, key or credential.
  package var found: String
  /// What to do about it; a sentence without its full stop.
  package var advice: String?
  /// The status of the answer, if that is what is wrong (`http_status`).
  package var status: Int?
  /// For how long the provider asks to be left alone (`Retry-After`, RFC 9110 section 10.2.3), if it does.
  package var retryAfter: Duration?
  /// The keys of a set that has no usable one (`no_usable_key`), each with its problem.
  package var refusedKeys: [KeySet.Entry] = []
  /// How many more refused keys were not kept.
  package var refusedKeysLeftOut = 0

  /// A fault of this kind.
  package init(_ code: Code, found: String, advice: String? = nil) {
    self.code = code
    self.found = found
    self.advice = advice
  }

  /// What was found and what to do about it, for `status` and the log.
  package var message: String { FaultMessage.text(found: found, advice: advice) }
}
