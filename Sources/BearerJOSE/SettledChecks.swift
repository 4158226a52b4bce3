import BearerClaims

/// What a known token's verdict under one policy depends on, once it has been accepted.
///
/// No verdict is remembered. Most checks compare bytes of the token with the policy; as neither changes, they pass
/// again. What can change is tested each time: the policy, the set of keys and the key in it, and the time.
struct SettledChecks {
  /// The serial of the policy and its list of issuers.
  let policy: UInt64
  /// The token's issuer in that list.
  let issuer: Int
  /// The serial of the set from which the token's header chooses the key.
  let keySet: UInt64
  /// The serial of the key.
  let key: UInt64
  /// When all checks of times pass.
  let validity: Validity

  /// Whether every check passes again: the same key is chosen, the signature is good under it, and `now` is in
  /// ``validity``.
  func holds(with keys: KeySet, _ goodKey: UInt64?, at now: NumericDate) -> Bool {
    keys.serial == keySet && goodKey == key && validity.contains(now)
  }
}
