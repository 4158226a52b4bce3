import BearerProviderKit
import BearerTestKit
import Testing

/// One way in which a refresh fails, of a provider that was good before.
struct Trouble: CustomTestStringConvertible, Sendable {
  /// What the operator changes at the moment of the trouble, by SIGHUP; the daemon then fetches at once by the new way.
  enum Change: Sendable {
    /// Nothing: the next refresh on the way that was good fails.
    case nothing
    /// `connect_to` leads to another server, with this certificate, or without TLS.
    case server(@Sendable (TestCertificates) -> TestIdentity?)
    /// `connect_to` leads to a server that never says a byte.
    case muteServer
    /// `connect_to` leads to a port where nobody listens.
    case nobody
    /// `connect_to` is a name without an address.
    case nameWithoutAddress
    /// The way is by a `proxy` on a port where nobody listens.
    case noProxy
    /// `ca_file` is taken away.
    case noAuthority
    /// `timeout` is so short that a server that never answers is soon left.
    case shortTimeout
    /// `timeout` is longer; all that this brings about is a fetch from the beginning.
    case longTimeout
  }

  /// The trouble in words.
  let testDescription: String
  /// The fault's code (`protocol.md`, section 5.2).
  let code: String
  /// How the provider answers from then on.
  var discovery = ProviderAnswer.document
  var keys = ProviderAnswer.document
  /// What its discovery document names from then on.
  var issuer: String?
  var keysAddress: String?
  var change = Change.nothing

  init(_ testDescription: String, _ code: String) {
    self.testDescription = testDescription
    self.code = code
  }

  /// A trouble with the key set's answer.
  init(_ testDescription: String, _ code: String, keys: ProviderAnswer, _ change: Change = .nothing) {
    self.init(testDescription, code)
    self.keys = keys
    self.change = change
  }

  /// A trouble on the way to the provider.
  init(_ testDescription: String, _ code: String, _ change: Change) {
    self.init(testDescription, code)
    self.change = change
  }

  /// A trouble with the discovery document, which a reload has read again.
  init(
    _ testDescription: String, _ code: String, discovery: ProviderAnswer = .document, issuer: String? = nil,
    keysAddress: String? = nil
  ) {
    self.init(testDescription, code)
    self.discovery = discovery
    self.issuer = issuer
    self.keysAddress = keysAddress
    change = .longTimeout
  }

  /// Every trouble that there is a code for; `file_unreadable` and `invalid_url` are no provider's.
  static let all: [Trouble] = [
    Trouble("status 500", "http_status", keys: .status(500)),
    Trouble("status 503", "http_status", keys: .status(503, headers: [("Retry-After", "60")])),
    Trouble("status 404", "http_status", keys: .status(404)),
    Trouble("304 to a question that had no validator", "http_status", keys: .status(304)),
    Trouble("a web page with 200", "not_json", keys: .html),
    Trouble("JSON with a member twice", "not_json", keys: .duplicateMembers),
    Trouble("a compressed body", "not_json", keys: .gzip),
    Trouble("JSON that is no key set", "not_a_key_set", keys: .body(#"{"error":"maintenance"}"#)),
    Trouble("a body that ends before its announced length", "body_truncated", keys: .truncated),
    Trouble("a chunked body that does not end", "body_truncated", keys: .truncatedChunked),
    Trouble("50 MB, announced", "body_too_large", keys: .oversized(bytes: 50_000_000, isAnnounced: true)),
    Trouble("50 MB, not announced", "body_too_large", keys: .oversized(bytes: 50_000_000, isAnnounced: false)),
    Trouble("an empty set", "empty_key_set", keys: .emptySet),
    Trouble("a set without a usable key", "no_usable_key", keys: .noUsableKey),
    Trouble("a redirect to another host", "redirect_refused", keys: .redirect(to: "https://elsewhere.test/jwks")),
    Trouble("a redirect to the same host", "redirect_refused", keys: .redirect(308, to: "/jwks")),
    Trouble("a connection reset", "connection_reset", keys: .reset),
    Trouble("a connection closed without an answer", "connection_reset", keys: .closed),
    Trouble("bytes of another protocol", "invalid_http", keys: .notHTTP),
    Trouble("a request that is never answered", "timed_out", keys: .silence, .shortTimeout),
    Trouble("a body that never ends", "timed_out", keys: .drip, .shortTimeout),
    Trouble("a server that accepts and says nothing", "timed_out", .muteServer),
    Trouble("a certificate for another name", "tls_wrong_name", .server { $0.wrongName }),
    Trouble("an expired certificate", "tls_expired", .server { $0.expired }),
    Trouble("a certificate of an unknown authority", "tls_unknown_authority", .server { $0.unknownAuthority }),
    Trouble("a certificate of an authority not trusted any more", "tls_unknown_authority", .noAuthority),
    Trouble("a server without TLS", "tls_failed", .server { _ in nil }),
    Trouble("a proxy where nobody listens", "proxy_failed", .noProxy),
    Trouble("nobody listens", "connect_failed", .nobody),
    Trouble("a name without an address", "dns_failed", .nameWithoutAddress),
    Trouble("discovery: status 502", "http_status", discovery: .status(502)),
    Trouble("discovery: a web page with 200", "not_json", discovery: .html),
    Trouble("discovery: another document", "not_a_discovery_document", discovery: .body("{}")),
    Trouble("discovery: another issuer", "issuer_mismatch", issuer: "https://elsewhere.test"),
    Trouble(
      "discovery: no jwks_uri", "no_jwks_uri",
      discovery: .body(#"{"issuer":"https://\#(TestCertificates.publicName)"}"#)),
    Trouble("discovery: jwks_uri in clear", "jwks_uri_refused", keysAddress: "http://elsewhere.test/jwks"),
  ]
}
