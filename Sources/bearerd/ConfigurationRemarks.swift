import BearerDaemon
import BearerJOSE

/// What is sound in a configuration and yet probably not meant.
enum ConfigurationRemarks {
  /// One sentence each, in the order of the file.
  static func remarks(on configuration: Configuration) -> [String] {
    var remarks: [String] = []
    for issuer in configuration.issuers
    where !configuration.policies.contains(where: { $0.issuers.contains(issuer.name) }) {
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
    return remarks
  }
}
