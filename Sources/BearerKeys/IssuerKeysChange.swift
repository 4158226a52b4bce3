/// Something about an issuer's keys that the log, the snapshot on disk or `STATUS=` may want to know.
package enum IssuerKeysChange: Sendable {
  /// Another set is in use.
  case replaced(KeySnapshot, KeySetChange)
  /// The provider confirmed the set in use.
  case confirmed(KeySnapshot)
  /// A set from the disk is in use.
  case restored(KeySnapshot)
  /// A fetch failed; the keys are as before.
  case failed(FetchFault, consecutiveFailures: Int)
  /// The keys passed one of their bounds, or a success or reload brought them back within it.
  case health(KeysHealth)

  /// The set that the provider has just sent or confirmed, if that is what happened: what to keep on disk.
  package var validated: KeySnapshot? {
    switch self {
    case .replaced(let snapshot, _), .confirmed(let snapshot): snapshot
    case .restored, .failed, .health: nil
    }
  }
}
