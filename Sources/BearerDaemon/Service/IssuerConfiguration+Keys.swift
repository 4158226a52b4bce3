import BearerAddress
import BearerConfiguration
import BearerJSON

extension IssuerConfiguration {
  /// Whether keys of the one may be used for the other, whatever their names are.
  func isSameIssuer(as other: IssuerConfiguration) -> Bool {
    url.hasSameBytes(as: other.url) && source == other.source && algorithms == other.algorithms
  }

  /// Whether both trust the same source of keys.
  func hasSameTrust(as other: IssuerConfiguration) -> Bool {
    caFile == other.caFile && connectTo == other.connectTo && proxy == other.proxy
      && clientCertificate == other.clientCertificate && clientKey == other.clientKey
  }

  /// Whether a key may be used whose private part stands in its set: only this host's own users can have read it.
  var usesPublishedPrivateKeys: Bool {
    let origin: String
    switch source {
    case .jwksFile: return true
    case .jwksURI(let address): origin = address
    case .discovery: origin = url
    }
    // A url that is not an address is not on this host.
    return (try? WebAddress(parsing: origin))?.isLoopback == true
  }
}
