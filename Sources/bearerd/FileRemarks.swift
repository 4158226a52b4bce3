import BearerConfiguration
import BearerDaemon
import Glibc

/// What the files and the directory that a configuration names are not, or not yet, on this host and for this user.
///
/// They may come later, or the daemon may run as somebody else: so these are remarks, and no faults.
enum FileRemarks {
  /// One sentence each: on the directory and, when nothing is fetched that would tell better, on the issuers' files.
  static func remarks(on configuration: Configuration, withIssuers: Bool) -> [String] {
    var remarks: [String] = []
    if let directory = configuration.stateDirectory, let reason = trouble(directory: directory) {
      remarks.append(
        "state_directory: user \(geteuid()) cannot write in \(shown(directory)) (\(reason)); no keys would be kept for the "
          + "next start")
    }
    guard withIssuers else { return remarks }
    for issuer in configuration.issuers {
      var files = [
        ("ca_file", issuer.caFile), ("client_certificate", issuer.clientCertificate), ("client_key", issuer.clientKey),
      ]
      if case .jwksFile(let path) = issuer.source { files.append(("jwks_file", path)) }
      for case (let key, let path?) in files {
        guard let reason = trouble(file: path) else { continue }
        remarks.append("issuer.\(issuer.name).\(key): user \(geteuid()) cannot read \(shown(path)) (\(reason))")
      }
    }
    return remarks
  }

  private static func shown(_ path: String) -> String { "\"\(Style.harmless(path))\"" }

  /// Why files cannot be made in a directory; `nil` if they can.
  private static func trouble(directory: String) -> String? {
    // The dot: what is no directory has none.
    faccessat(AT_FDCWD, "\(directory)/.", W_OK | X_OK, AT_EACCESS) == 0 ? nil : String(cString: strerror(errno))
  }

  /// Why a file cannot be read; `nil` if it can.
  private static func trouble(file: String) -> String? {
    var facts = stat()
    guard stat(file, &facts) == 0, faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) == 0 else {
      return String(cString: strerror(errno))
    }
    return facts.st_mode & S_IFMT == S_IFDIR ? String(cString: strerror(EISDIR)) : nil
  }
}
