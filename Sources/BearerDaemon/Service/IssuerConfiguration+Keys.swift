extension IssuerConfiguration {
  /// Whether keys of the one are keys of the other.
  func isSameIssuer(as other: IssuerConfiguration) -> Bool {
    name == other.name && url == other.url && source == other.source && algorithms == other.algorithms
  }
}
