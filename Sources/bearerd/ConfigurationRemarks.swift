import BearerClaims
import BearerConfiguration
import BearerDaemon
import BearerFraming

/// What is sound in a configuration and yet probably not meant.
enum ConfigurationRemarks {
  /// One sentence each, in the order of the file.
  static func remarks(on configuration: Configuration) -> [String] {
    var remarks: [String] = []
    let used = Set(configuration.policies.flatMap(\.issuers))
    for issuer in configuration.issuers where !used.contains(issuer.name) {
      remarks.append("issuer.\(issuer.name) is in no policy's issuers: its tokens are always refused")
    }
    for policy in configuration.policies {
      if !policy.checksAudience {
        remarks.append("policy.\(policy.name) accepts tokens that are meant for anybody (audience_check = false)")
      }
      if !policy.refusesSenderConstrained {
        remarks.append(
          "policy.\(policy.name) accepts tokens bound to a key without asking for the proof (sender_constraint)")
      }
    }
    if configuration.defaultPolicy == nil {
      remarks.append("there is no [policy.default]: every request must name its policy")
    }
    if configuration.socketMode & 0o002 != 0 {
      remarks.append("socket_mode lets every user of this host ask")
    }
    if let admin = configuration.adminSocketPath, directory(of: admin) == directory(of: configuration.socketPath) {
      remarks.append("admin_socket is in the directory of socket, which applications see")
    }
    let descriptors = DescriptorLimit.highest
    let connections = DescriptorLimit.connections(wanted: configuration.limits.connections, limit: descriptors)
    if connections < configuration.limits.connections {
      remarks.append(
        "limits.connections is \(configuration.limits.connections), but here a process may have no more than \(descriptors) "
          + "descriptors open (LimitNOFILE=, ulimit -n): \(connections) connections would be accepted")
    }
    return remarks
  }

  private static func directory(of path: String) -> [UInt8] {
    let bytes = Array(path.utf8)
    return Array(bytes.prefix(upTo: bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0))
  }
}
