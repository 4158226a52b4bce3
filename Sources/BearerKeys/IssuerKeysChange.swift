/// An event of an issuer's keys, for the log, the snapshot on disk and `STATUS=`.
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

  /// The set to keep on disk, if the provider has just sent or confirmed one.
  package var validated: KeySnapshot? {
    switch self {
    case .replaced(let snapshot, _), .confirmed(let snapshot): snapshot
    case .restored, .failed, .health: nil
    }
  }
}
