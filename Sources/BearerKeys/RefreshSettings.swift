/// When one issuer's keys are refreshed and how long they may be used; an `[issuer.NAME]` table of the configuration.
package struct RefreshSettings: Equatable, Sendable {
  /// What makes a key set old.
  package enum Renewal: Equatable, Sendable {
    /// Its lifetime: keys come from the network.
    case lifetime
    /// Only a change of the file that holds it (`jwks_file`): it is never stale, and an unknown kid fetches nothing.
    case fileChanges
  }

  /// What makes a key set old.
  package var renewal = Renewal.lifetime
  /// The longest lifetime of a key set (`refresh`), at least 1 s; response headers may shorten it.
  package var refresh = Duration.seconds(600)
  /// How long after its lifetime a key set stays usable while refreshing fails (`max_stale`); zero for not at all.
  package var maximumStale = Duration.seconds(86400)
  /// The time in which one more fetch for unknown kids may be made (`unknown_key_cooldown`), at least 1 s.
  package var unknownKeyCooldown = Duration.seconds(30)
  /// How long a request may wait for a fetch that it needs (`key_wait`).
  package var keyWait = Duration.milliseconds(500)
  /// The bound on one fetch (`timeout`); the source keeps it, and a fetch far beyond it is given up here.
  package var timeout = Duration.seconds(5)
  /// How many fetches for unknown kids may be saved up, of which one comes each cool-down; at least 1.
  package var savedFetches = KeysLimits.savedFetches

  /// How long a key set lives whose response's headers said `header`; `nil` for ever.
  ///
  /// Headers may shorten `refresh`, though not below ``KeysLimits/minimumLifetime`` (`no-store` and `max-age=0` arrive
  /// as zero), and never lengthen it: if an operator says 10 minutes, a new key must not wait for a day.
  package func lifetime(header: Duration?) -> Duration? {
    guard renewal == .lifetime else { return nil }
    let longest = max(refresh, .seconds(1))
    guard let header else { return longest }
    return min(longest, max(header, KeysLimits.minimumLifetime))
  }

  /// The cool-down in force, at least 1 s.
  var cooldown: Duration { max(unknownKeyCooldown, .seconds(1)) }
}

extension RefreshSettings {
  /// The configuration's defaults, but for what `change` sets.
  package init(_ change: (inout Self) -> Void = { _ in }) {
    self.init()
    change(&self)
  }
}
