package import BearerProtocol

/// What callers of one user or group may do; a `[peer.NAME]` table of the configuration.
package struct PeerConfiguration: Equatable, Sendable {
  /// Whom it is for, as the kernel tells at connect (`SO_PEERCRED`, unix(7)).
  package enum Identity: Hashable, Sendable {
    /// The effective user id.
    case user(UInt32)
    /// The effective group id; the kernel does not tell supplementary groups.
    case group(UInt32)
  }

  /// The table's name.
  package var name: String
  /// Whom it is for; never `nil` in a configuration that was read.
  package var identity: Identity?
  /// The ops that are permitted besides `ping` and `hello`, which always are; `nil` for all.
  package var operations: Set<Operation>?
  /// The policies that may be asked for, by name; `nil` for all.
  package var policies: Set<String>?
  /// Requests per second of all its callers together, as many of which may come at once; `nil` for any number.
  package var rate: Int?
}

extension PeerConfiguration {
  /// A table that permits everything, to nobody yet.
  package init() { self.init(name: "") }
}
