/// The keys of one kind of table in the configuration file: the one list that parser, example file and tests read.
protocol ConfigurationKey: RawRepresentable, CaseIterable, Sendable where RawValue == String {}

extension ConfigurationKey {
  /// The names of all keys.
  static var names: [String] { allCases.map(\.rawValue) }
}

/// Keys outside any table, and the tables themselves.
enum TopLevelKey: String, ConfigurationKey {
  case socket
  case socketMode = "socket_mode"
  case socketGroup = "socket_group"
  case stateDirectory = "state_directory"
  case snapshotMaxAge = "snapshot_max_age"
  case logLevel = "log_level"
  case logFormat = "log_format"
  case readyWait = "ready_wait"
  case issuer
  case policy
  case peer
  case limits
}

/// Keys of an `[issuer.NAME]` table.
enum IssuerKey: String, ConfigurationKey {
  case url
  case jwksURI = "jwks_uri"
  case jwksFile = "jwks_file"
  case algorithms
  case refresh
  case maxStale = "max_stale"
  case unknownKeyCooldown = "unknown_key_cooldown"
  case keyWait = "key_wait"
  case timeout
  case caFile = "ca_file"
  case clientCertificate = "client_certificate"
  case clientKey = "client_key"
  case connectTo = "connect_to"
  case proxy
}

/// Keys of a `[policy.NAME]` table.
enum PolicyKey: String, ConfigurationKey {
  case issuers
  case audiences
  case audienceCheck = "audience_check"
  case tokenType = "token_type"
  case leeway
  case scopes
  case scopeClaims = "scope_claims"
  case clients
  case requiredClaims = "required_claims"
  case claims
  case maxAge = "max_age"
  case acrValues = "acr_values"
  case senderConstraint = "sender_constraint"
  case realm
  case resourceMetadata = "resource_metadata"
}

/// Keys of a `[peer.NAME]` table.
enum PeerKey: String, ConfigurationKey {
  case uid
  case gid
  case user
  case ops
  case policies
  case rate
}

/// Keys of the `[limits]` table.
enum LimitKey: String, ConfigurationKey {
  case lineBytes = "line_bytes"
  case tokenBytes = "token_bytes"
  case connections
  case connectionsPerUID = "connections_per_uid"
  case inFlight = "in_flight"
  case outputBytes = "output_bytes"
  case waitingBytes = "waiting_bytes"
  case partialLineTimeout = "partial_line_timeout"
  case writeTimeout = "write_timeout"
  case tokenCacheBytes = "token_cache_bytes"
}
