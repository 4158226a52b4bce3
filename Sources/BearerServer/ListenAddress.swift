/// Where the server listens.
package enum ListenAddress: Equatable, Sendable {
  /// A socket of its own.
  case path(SocketFile)
  /// Sockets that were passed in and already listen (systemd's `LISTEN_FDS`); the server takes over the descriptors and
  /// leaves their files alone.
  case inherited([CInt])
}

/// The socket file that the server makes, and who may use it.
package struct SocketFile: Equatable, Sendable {
  /// Its path, at most 107 bytes (`sun_path`, unix(7)).
  package var path: String
  /// The permission bits; writing is what connecting needs.
  package var mode: UInt32
  /// Name or number of the group that the file is given; nil: the process's own.
  package var group: String?
  /// Whether a client that connects to it counts as an administrator (``Peer/isAdministrator``).
  package var isForAdministrators: Bool

  /// A socket file at a path.
  package init(path: String, mode: UInt32 = 0o660, group: String? = nil, isForAdministrators: Bool = false) {
    self.path = path
    self.mode = mode
    self.group = group
    self.isForAdministrators = isForAdministrators
  }
}
