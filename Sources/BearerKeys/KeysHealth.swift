/// How far the keys in use can be trusted at a moment.
package enum KeysHealth: Equatable, Sendable {
  /// There have been none yet.
  case empty
  /// Within their lifetime.
  case fresh
  /// Past their lifetime and still usable, because refreshing fails; `age` counts from the last confirmation.
  case stale(age: Duration)
  /// Past the operator's bound: not usable.
  case expired

  /// Whether verdicts may rest on the keys.
  package var isUsable: Bool {
    switch self {
    case .fresh, .stale: true
    case .empty, .expired: false
    }
  }

  /// The stable word for `status`.
  package var word: String {
    switch self {
    case .empty: "empty"
    case .fresh: "fresh"
    case .stale: "stale"
    case .expired: "expired"
    }
  }
}
