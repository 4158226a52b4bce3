package import BearerClaims
package import BearerTime

extension NumericDate {
  /// A moment by the clock that tokens are dated with.
  package init(_ moment: Moment) {
    self.init(microseconds: moment.unixMicroseconds)
  }
}
