package import BearerClaims
import BearerKeys
package import BearerLogging
package import Logging

/// What a daemon runs with: every value checked, every default filled in, units in the types.
///
/// It is made by ``ConfigurationSources/load()`` from flags, environment and file, and never changed afterwards; a
/// reload makes a new one.
package struct Configuration: Equatable, Sendable {
  /// Path of the socket; absolute, and short enough for `sun_path` (unix(7)).
  package var socketPath = Self.defaultSocketPath
  /// Permission bits of the socket file.
  package var socketMode: UInt32 = 0o660
  /// Group of the socket file, by name; `nil` for the process's own.
  package var socketGroup: String?
  /// Path of the socket for administrators; `nil` if there is none.
  package var adminSocketPath: String?
  /// Whether the configuration is read anew when its file changes.
  package var watchesFile = false
  /// The SHA-256 digest of the file that it was read from, in hexadecimal; `nil` if there was no file.
  package var digest: String?
  /// Where the last good key sets are kept; `nil` keeps none.
  package var stateDirectory: String?
  /// How old a key set in ``stateDirectory`` may be to be used at start; `max_stale` bounds its use besides.
  package var snapshotMaxAge = KeySnapshotRecord.defaultMaximumAge
  /// The least severe messages that are logged.
  package var logLevel = Logger.Level.info
  /// How messages are logged.
  package var logFormat = LogFormat.auto
  /// How long `READY=1` waits at most for all issuers to have keys.
  package var readyWait: Duration = .seconds(10)
  /// The issuers, in the order of the file; never empty, names and urls are unique.
  package var issuers: [IssuerConfiguration]
  /// The policies, in the order of the file; never empty, names are unique, issuers named in them exist.
  package var policies: [Policy] = []
  /// Who may ask what, in the order of the file; empty if all who can open the socket may ask everything.
  package var peers: [PeerConfiguration] = []
  /// Bounds on what clients may use.
  package var limits = Limits()

  /// The policy that a request without `policy` gets: the one named `default`, if there is one.
  package var defaultPolicy: Policy? { policies.first { $0.name == Self.defaultName } }

  /// Where the configuration is read by default.
  package static let defaultFile = "/etc/bearerd/bearerd.toml"
  /// Where the socket is by default.
  package static let defaultSocketPath = "/run/bearerd/bearerd.sock"
  /// Where the systemd units have the socket for administrators.
  package static let usualAdminSocketPath = "/run/bearerd-admin/admin.sock"
  /// The name of the policy for requests that name none, and of issuer and policy made from `--issuer` and `--audience`.
  package static let defaultName = "default"
}
