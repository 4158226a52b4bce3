import BearerAddress

/// How a service is reached, and the bounds of its answers.
struct ConnectionSettings: Equatable, Sendable {
  /// The URL whose authority ``connectTo`` replaces; if it is no URL, ``connectTo`` applies to every address.
  var url: String
  /// Where to connect in place of the authority of ``url``, whose port is used if none is given here.
  var connectTo: HostAndPort?
  /// The proxy; without it, the environment decides.
  var proxy: ProxyAddress?
  /// The authorities to trust, and the client certificate to show.
  var tls = TLSFiles()
  /// How long all requests of one fetch or call may take together.
  var timeout = FetchLimits.timeout
  /// The largest body that is read, in bytes.
  var bodyBytes = FetchLimits.bodyBytes
}

/// The files that decide whom TLS trusts and what it shows; all PEM.
struct TLSFiles: Hashable, Sendable {
  /// Certificates of authorities that are trusted beside the system's.
  var authorities: String?
  /// The certificate that is shown to the service, with its chain.
  var certificate: String?
  /// The private key of ``certificate``; by default in the same file.
  var key: String?
}
