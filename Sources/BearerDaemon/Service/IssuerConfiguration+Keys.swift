import BearerJSON

extension IssuerConfiguration {
  /// Whether keys of the one are keys of the other, whatever the two are called.
  func isSameIssuer(as other: IssuerConfiguration) -> Bool {
    url.hasSameBytes(as: other.url) && source == other.source && algorithms == other.algorithms
  }
}
