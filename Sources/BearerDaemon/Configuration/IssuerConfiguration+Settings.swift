package import BearerFetch
package import BearerKeys

extension IssuerConfiguration {
  /// What fetches of this issuer's keys need to know.
  package var keySourceSettings: KeySourceSettings {
    let kind: KeySourceSettings.Kind =
      switch source {
      case .discovery: .discovery
      case .jwksURI(let address): .jwksURI(address)
      case .jwksFile(let path): .jwksFile(path)
      }
    return KeySourceSettings(
      url: url, kind: kind, algorithms: algorithms, timeout: timeout, caFile: caFile,
      connectTo: connectTo, proxy: proxy, clientCertificateFile: clientCertificate,
      clientKeyFile: clientKey)
  }

  /// When this issuer's keys are refreshed and how long they may be used.
  package var refreshSettings: RefreshSettings {
    var renewal = RefreshSettings.Renewal.lifetime
    if case .jwksFile = source { renewal = .fileChanges }
    return RefreshSettings(
      renewal: renewal, refresh: refresh, maximumStale: maxStale, unknownKeyCooldown: unknownKeyCooldown,
      keyWait: keyWait, timeout: timeout)
  }
}
