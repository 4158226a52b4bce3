import BearerAddress
import BearerJOSE

/// What one fetch met on its way, for `bearerd check`; a fetch for the cache forgets it.
struct FetchRecord: Sendable {
  /// The discovery document's answer.
  var discovery: HTTPAnswer?
  /// Where the keys are, once known.
  var keysAddress: WebAddress?
  /// The key set's answer.
  var keysAnswer: HTTPAnswer?
  /// This host's seconds since 1970 when the last answer had come.
  var answeredAt: Int64?
}
