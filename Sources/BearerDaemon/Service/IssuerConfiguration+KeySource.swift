package import BearerConfiguration
package import BearerFetch
import BearerKeys

extension IssuerConfiguration {
  /// What fetches of this issuer's keys need to know.
  package var keySourceSettings: KeySourceSettings {
    KeySourceSettings {
      $0.url = url
      $0.origin =
        switch source {
        case .discovery: .discovery
        case .jwksURI(let address): .jwksURI(address)
        case .jwksFile(let path): .jwksFile(path)
        }
      $0.algorithms = algorithms
      $0.timeout = refreshSettings.timeout
      $0.caFile = caFile
      $0.connectTo = connectTo
      $0.proxy = proxy
      $0.clientCertificateFile = clientCertificate
      $0.clientKeyFile = clientKey
    }
  }
}
