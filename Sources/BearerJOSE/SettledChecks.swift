import BearerClaims

/// What a known token's verdict under one policy depends on, once it has been accepted.
///
/// No verdict is remembered. Most checks compare bytes of the token with the policy: both stay what they are, so they
/// pass again. What can change is tested each time: the policy, the set of keys and the key in it, and the time.
struct SettledChecks {
  /// The policy, which was made for one list of issuers.
  let policy: UInt64
  /// The token's issuer in that list.
  let issuer: Int
  /// The set from which the token's header chooses the key.
  let keySet: UInt64
  /// The key.
  let key: UInt64
  /// When all checks of times pass.
  let validity: Validity

  /// Whether every check passes again: the same key is chosen, the signature is good under it, and it is the time.
  func holds(with keys: KeySet, _ goodKey: UInt64?, at now: NumericDate) -> Bool {
    keys.serial == keySet && goodKey == key && validity.contains(now)
  }
}
