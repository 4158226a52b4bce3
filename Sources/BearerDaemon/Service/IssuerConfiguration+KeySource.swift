package import BearerConfiguration
package import BearerFetch
import BearerKeys

extension IssuerConfiguration {
  /// What fetches of this issuer's keys need to know.
  package var keySourceSettings: KeySourceSettings {
    let origin: KeySourceSettings.Origin =
      switch source {
      case .discovery: .discovery
      case .jwksURI(let address): .jwksURI(address)
      case .jwksFile(let path): .jwksFile(path)
      }
    return KeySourceSettings(
      url: url, origin: origin, algorithms: algorithms, timeout: refreshSettings.timeout, caFile: caFile,
      connectTo: connectTo, proxy: proxy, clientCertificateFile: clientCertificate,
      clientKeyFile: clientKey)
  }
}
