import BearerClaims
import BearerConfiguration
import BearerDaemon
import BearerFiles
import BearerFraming

/// Warnings about what is valid in a configuration but probably not intended.
enum ConfigurationRemarks {
  /// One sentence each, in the order of the file.
  static func remarks(on configuration: Configuration) -> [String] {
    var remarks: [String] = []
    let used = Set(configuration.policies.flatMap(\.issuers))
    for issuer in configuration.issuers where !used.contains(issuer.name) {
      remarks.append(
        "issuer.\(issuer.name) is in no policy's issuers: its tokens are always refused; add it to those of a policy")
    }
    for policy in configuration.policies {
      // Tokens without aud, such as Cognito's, are told apart by their clients.
      if !policy.checksAudience, policy.clients.isEmpty {
        remarks.append(
          "policy.\(policy.name) accepts tokens that are meant for anybody (audience_check = false); set audiences in its "
            + "place, or clients if the tokens have no aud")
      }
      if !policy.refusesSenderConstrained {
        remarks.append(
          "policy.\(policy.name) accepts tokens bound to a key without asking for the proof; leave sender_constraint out, "
            + "unless whoever asks checks the proof against the token's cnf")
      }
    }
    if configuration.defaultPolicy == nil {
      remarks.append(
        "there is no [policy.default]: every request must name its policy; call a policy default unless that is meant")
    }
    if configuration.socketMode & 0o002 != 0, configuration.peers.isEmpty {
      remarks.append(
        "socket_mode lets every user of this host ask; set it to \"0660\" and socket_group to a group of those who may, or "
          + "name them in [peer.NAME] tables")
    }
    let directory = FilePath.directory(of: configuration.socketPath)
    if let admin = configuration.adminSocketPath, FilePath.directory(of: admin).utf8.elementsEqual(directory.utf8) {
      remarks.append(
        "admin_socket is in the directory of socket, which applications see; give it one that they do not, such as "
          + "/run/bearerd-admin/admin.sock")
    }
    let descriptors = DescriptorLimit.highest
    let connections = DescriptorLimit.connections(wanted: configuration.limits.connections, limit: descriptors)
    if connections < configuration.limits.connections {
      remarks.append(
        "limits.connections is \(configuration.limits.connections), but here a process may have no more than \(descriptors) "
          + "descriptors open: \(connections) connections would be accepted; raise LimitNOFILE= (ulimit -n), or lower "
          + "limits.connections")
    }
    return remarks
  }
}
