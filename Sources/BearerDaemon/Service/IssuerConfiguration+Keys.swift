package import BearerFetch
import BearerKeys

extension IssuerConfiguration {
  /// How the keys are found.
  package var keySourceSettings: KeySourceSettings {
    let kind: KeySourceSettings.Kind =
      switch source {
      case .discovery: .discovery
      case .jwksURI(let address): .jwksURI(address)
      case .jwksFile(let path): .jwksFile(path)
      }
    return KeySourceSettings(
      url: url, kind: kind, algorithms: algorithms, timeout: timeout, caFile: caFile,
      connectTo: connectTo?.text, proxy: proxy?.text, clientCertificateFile: clientCertificate,
      clientKeyFile: clientKey)
  }

  /// When the keys are refreshed.
  func refreshSettings(waitingPerIssuer: Int) -> RefreshSettings {
    var settings = RefreshSettings(
      refresh: refresh, maximumStale: maxStale, unknownKeyCooldown: unknownKeyCooldown, keyWait: keyWait,
      timeout: timeout, waitingPerIssuer: waitingPerIssuer)
    if case .jwksFile = source { settings.renewal = .fileChanges }
    return settings
  }

  /// Whether keys of the one are keys of the other.
  func isSameIssuer(as other: IssuerConfiguration) -> Bool {
    name == other.name && url == other.url && source == other.source && algorithms == other.algorithms
  }
}

extension HostAndPort {
  /// `host:port`, with brackets around an IPv6 address.
  var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
