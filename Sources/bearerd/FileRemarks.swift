import BearerAddress
import BearerConfiguration
import BearerFiles
import Glibc

/// Warnings about the files and directories of a configuration: what this user cannot use, and what others can.
///
/// They are no faults: a file may come later, and the daemon may run as another user.
struct FileRemarks {
  private static let secretKeys = [".client_key", ".client_secret_file", ".bearer_token_file"]

  private let configuration: Configuration
  private let file: String?
  /// This user, taken for the daemon's; `nil` if it is root, who may be checking another user's daemon.
  private let user: UInt32?
  /// The group that a new socket gets if none is configured.
  private let ownGroup: UInt32

  /// - Parameters:
  ///   - configuration: The configuration.
  ///   - file: The file that it was read from, if there is one.
  ///   - user: The user that runs this command.
  ///   - group: The user's group.
  init(
    on configuration: Configuration, in file: String?, user: UInt32 = geteuid(), group: UInt32 = getegid()
  ) {
    self.configuration = configuration
    self.file = file
    ownGroup = group
    self.user = user == 0 ? nil : user
  }

  /// What this user cannot use, one sentence each: the state directory and, if wanted, the issuers' files, about which
  /// a fetch would say more.
  func onUse(withIssuers: Bool) -> [String] {
    var remarks: [String] = []
    if let directory = configuration.stateDirectory, let reason = Self.trouble(directory: directory) {
      remarks.append(
        "state_directory: user \(geteuid()) cannot write in \(Self.shown(directory)) (\(reason)); no keys would be kept "
          + "for the next start: \(Self.asThatUser("make it a directory of that user's"))")
    }
    guard withIssuers else { return remarks }
    for (key, path) in issuerFiles {
      guard let reason = Self.trouble(file: path) else { continue }
      remarks.append(
        "\(key): user \(geteuid()) cannot read \(Self.shown(path)) (\(reason)): "
          + Self.asThatUser("put a file there that it may read"))
    }
    return remarks
  }

  /// What others can change or read: one sentence each.
  ///
  /// It may block on the disk or the database of groups.
  func onOthers() -> [String] {
    var remarks: [String] = []
    if let file, let writer = foreignWriter(ofFile: file) {
      remarks.append(
        "others can change \(Self.shown(file)) (\(writer.words)), and with it who is trusted: \(writer.remedy)")
    }
    for (key, path) in issuerFiles where key.hasSuffix(".jwks_file") || key.hasSuffix(".ca_file") {
      guard let writer = foreignWriter(ofFile: path) else { continue }
      remarks.append(
        "\(key): others can change \(Self.shown(path)) (\(writer.words)), and with it which keys are trusted: "
          + writer.remedy)
    }
    if let path = configuration.stateDirectory, let writer = foreignWriter(ofState: path) {
      remarks.append(
        "state_directory: others can change \(Self.shown(path)) (\(writer.words)); keys kept there are not used: "
          + writer.remedy)
    }
    let directory = FilePath.directory(of: configuration.socketPath)
    // The daemon's own user may write there: it makes the socket.
    let rights = FileRights(of: directory)
    let intruder = rights?.foreignWriter(besides: user, rightfulOwner: user ?? 0)
    if let writer = Self.found(intruder, at: directory, isShared: rights?.isShared == true) {
      remarks.append(
        "socket: others can put a socket of theirs into \(Self.shown(directory)) (\(writer.words)), and applications would "
          + "ask it: \(writer.remedy)")
    }
    return remarks + secretsThatClientsRead()
  }

  /// Secrets that clients can read: everybody can, or the file's group is also the clients'.
  private func secretsThatClientsRead() -> [String] {
    var secrets = issuerFiles.filter { file in Self.secretKeys.contains { file.key.hasSuffix($0) } }
    if let file, configuration.issuers.contains(where: { $0.proxy?.password != nil }) {
      secrets.insert(("proxy", file), at: 0)
    }
    guard !secrets.isEmpty else { return [] }
    let group = configuration.socketMode & 0o020 == 0 ? nil : clients
    return secrets.compactMap { key, path in
      let rights = FileRights(of: path)
      guard let reader = Self.found(rights?.foreignReader(ofGroup: group == 0 ? nil : group), at: path) else {
        return nil
      }
      let secret = "\(key): \(Self.shown(path)) holds a secret, and \(reader.words)"
      // The daemon may itself read the file by its group, so another group for the socket is suggested first.
      return reader.isGroup
        ? "\(secret), which may use the socket, too: name another group in socket_group, or \(reader.remedy)"
        : "\(secret): \(reader.remedy)"
    }
  }

  /// The group that may use the socket: the configured one, else that of the socket that is there, which may belong to
  /// another user's daemon or to the service manager.
  private var clients: UInt32? {
    if let name = configuration.socketGroup { return UserDatabase.gid(of: name) }
    return FileRights(of: configuration.socketPath)?.group ?? ownGroup
  }

  /// The issuers' files by the keys that name them.
  private var issuerFiles: [(key: String, path: String)] {
    configuration.issuers.flatMap { issuer in
      var files = [
        ("ca_file", issuer.caFile), ("client_certificate", issuer.clientCertificate), ("client_key", issuer.clientKey),
      ]
      if case .jwksFile(let path) = issuer.source { files.append(("jwks_file", path)) }
      if let introspection = issuer.introspection, let path = introspection.secretFile, path.hasPrefix("/") {
        files.append(("introspection.\(introspection.secretFileKey)", path))
      }
      return files.compactMap { key, path in path.map { ("issuer.\(issuer.name).\(key)", $0) } }
    }
  }

  /// Who has a right that they should not have, and the command that takes it away.
  private struct Finding {
    let words: String
    let remedy: String
    let isGroup: Bool
  }

  private static func found(
    _ intruder: FileRights.Intruder?, at path: String, of: String = "", isShared: Bool = false
  ) -> Finding? {
    intruder.map {
      Finding(
        words: of + $0.words,
        // No command here: all users need their right to write in /tmp.
        remedy: isShared ? "choose a directory of bearerd's own" : "\($0.command) \(shown(path))",
        isGroup: $0.words.hasPrefix("group"))
    }
  }

  /// Who else may write a file, or put another in its place.
  private func foreignWriter(ofFile path: String) -> Finding? {
    guard let rights = FileRights(of: path) else { return nil }
    if let writer = Self.found(rights.foreignWriter(besides: user), at: path) { return writer }
    // In a directory with the sticky bit, only owners may remove or replace (unlink(2)).
    let directory = FilePath.directory(of: path)
    guard let rights = FileRights(of: directory), !rights.isShared else { return nil }
    return Self.found(rights.foreignWriter(besides: user), at: directory, of: "of its directory: ")
  }

  /// Who else may write where keys are kept.
  private func foreignWriter(ofState path: String) -> Finding? {
    guard let rights = FileRights(of: path) else { return nil }
    if let writer = Self.found(rights.foreignWriter(besides: nil), at: path, isShared: rights.isShared) {
      return writer
    }
    // Not even root may own it: the daemon uses kept keys only from a directory of its own user.
    guard let user, rights.owner != user else { return nil }
    return Self.found(
      .init("it belongs to user \(rights.owner)", command: "chown \(user)"), at: path)
  }

  /// A remedy for a missing right, or a check as the daemon's user, who may have it.
  private static func asThatUser(_ remedy: String) -> String {
    "\(remedy), or check as the user that runs bearerd"
  }

  private static func shown(_ path: String) -> String { "\"\(Style.harmless(path))\"" }

  /// Why files cannot be made in a directory; `nil` if they can.
  private static func trouble(directory: String) -> String? {
    // With the dot, a path that is no directory fails.
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
