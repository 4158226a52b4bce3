import BearerAddress
import BearerJOSE

/// What one fetch received, for `bearerd check`; the daemon's own fetches drop it.
struct FetchRecord: Sendable {
  /// The discovery document's answer.
  var discovery: HTTPAnswer?
  /// Where the keys are, once known.
  var keysAddress: WebAddress?
  /// The key set's answer.
  var keysAnswer: HTTPAnswer?
  /// When the last answer came, in seconds since 1970 by this host's clock.
  var answeredAt: Int64?
}
