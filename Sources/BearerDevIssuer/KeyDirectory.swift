package import BearerJSON
import BearerSigning

/// Private keys in files, shared by the commands of one development issuer.
///
/// One file per key, mode 0600, named `SEQUENCE-ALGORITHM-KID.pem`: the name holds all that the PEM does not, and its
/// order is the order of age. A running server reads the directory for every request, so a rotation needs no message
/// to it. Files named `grant-…` hold what opaque tokens stand for, and empty ones named `revoked-…` are of JWTs. The file `issuer` holds the URL that the server took last, for `mint` to use.
package struct KeyDirectory: KeyStore {
  private static let issuerFile = "issuer"
  private static let suffix = ".pem"
  private static let grantPrefix = "grant-"
  private static let revokedPrefix = "revoked-"

  private let directory: PrivateDirectory

  /// Where it is.
  package var path: String { directory.path }

  /// The directory at `path`, which need not exist yet.
  package init(path: String) {
    directory = PrivateDirectory(path: path)
  }

  package func keys() throws(DevIssuerError) -> [IssuerKey] {
    var keys: [IssuerKey] = []
    for file in try files() {
      // A file that a rotation removed after the listing is not a fault.
      guard let pem = try directory.read(file.name) else { continue }
      // Which file it is helps more than how its text is broken.
      guard let signingKey = try? SigningKey(pem: pem) else { throw unreadable(file.name) }
      keys.append(IssuerKey(kid: file.kid, algorithm: file.algorithm, signingKey: signingKey))
    }
    return keys
  }

  /// Adds a key for each of `algorithms` that has none; without any, makes sure that there is a key at all (RS256).
  ///
  /// - Throws: ``DevIssuerError`` if the directory cannot be used or a key not be made.
  package func prepare(_ algorithms: [SigningAlgorithm]) throws(DevIssuerError) {
    try directory.create()
    try directory.withLock { () throws(DevIssuerError) in
      let present = try files()
      let wanted = algorithms.isEmpty && present.isEmpty ? [.rs256] : algorithms
      var missing: [SigningAlgorithm] = []
      for algorithm in wanted
      where !missing.contains(algorithm) && !present.contains(where: { $0.algorithm == algorithm }) {
        missing.append(algorithm)
      }
      for algorithm in missing { try store(.generate(algorithm)) }
    }
  }

  /// What a rotation changed, by `kid`.
  package struct Rotation: Equatable, Sendable {
    /// The keys that sign from now on.
    package var added: [String] = []
    /// The keys that left the set.
    package var removed: [String] = []
  }

  /// Adds a new key for each algorithm and removes all but the newest `keep` of its older keys.
  ///
  /// - Parameters:
  ///   - algorithms: Which to rotate; none means each that has a key (or RS256 if there is no key at all).
  ///   - keep: How many older keys of each stay in the set, so that tokens signed with them stay good.
  ///   - kid: The new key's name, if only one algorithm is rotated; random otherwise.
  /// - Returns: What changed.
  /// - Throws: ``DevIssuerError`` if the directory cannot be used, `kid` cannot be a file's name, or a key not be made.
  package func rotate(
    _ algorithms: [SigningAlgorithm] = [], keep: Int, kid: String? = nil
  ) throws(DevIssuerError) -> Rotation {
    if let kid, !Self.isUsable(kid) { throw .unusableKeyName(kid) }
    try directory.create()
    return try directory.withLock { () throws(DevIssuerError) in
      let present = try files()
      var rotation = Rotation()
      for algorithm in SigningAlgorithm.allCases {
        let older = present.filter { $0.algorithm == algorithm }
        let isWanted =
          algorithms.isEmpty
          ? !older.isEmpty || (present.isEmpty && algorithm == .rs256) : algorithms.contains(algorithm)
        guard isWanted else { continue }
        let key = try IssuerKey.generate(algorithm, kid: kid)
        try store(key)
        rotation.added.append(key.kid)
        for file in older.dropLast(keep) {
          try directory.remove(file.name)
          rotation.removed.append(file.kid)
        }
      }
      return rotation
    }
  }

  /// The URL that a server on this directory took last, or nil if there was none.
  ///
  /// - Throws: ``DevIssuerError`` if the file cannot be read.
  package func lastIssuerURL() throws(DevIssuerError) -> String? {
    try directory.read(Self.issuerFile).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Remembers the URL that a server took.
  ///
  /// - Throws: ``DevIssuerError`` if the file cannot be written.
  package func remember(issuerURL: String) throws(DevIssuerError) {
    try directory.replace(Self.issuerFile, with: Array(issuerURL.utf8))
  }

  /// Removes the directory with all keys; it may hold nothing that this type did not make.
  ///
  /// - Throws: ``DevIssuerError`` if something cannot be removed.
  package func removeAll() throws(DevIssuerError) {
    for file in try files() { try directory.remove(file.name) }
    for name in try directory.names() where name.hasPrefix(Self.grantPrefix) || name.hasPrefix(Self.revokedPrefix) {
      try directory.remove(name)
    }
    try directory.remove(Self.issuerFile)
    try directory.removeEmpty()
  }

  // MARK: Grants

  package func claims(ofOpaque token: StoredTokenName) throws(DevIssuerError) -> JSONObject? {
    guard let text = try directory.read(Self.grantPrefix + token.text) else { return nil }
    // A file that somebody spoiled is a token that nobody knows.
    return (try? JSONValue(parsing: text))?.objectValue
  }

  package func isRevoked(_ token: StoredTokenName) throws(DevIssuerError) -> Bool {
    try directory.read(Self.revokedPrefix + token.text) != nil
  }

  package func keep(_ claims: JSONObject, of token: StoredTokenName) throws(DevIssuerError) {
    try directory.create()
    try directory.replace(Self.grantPrefix + token.text, with: JSONValue.object(claims).serialized())
  }

  package func revoke(_ token: StoredTokenName) throws(DevIssuerError) {
    try directory.create()
    try directory.replace(Self.revokedPrefix + token.text, with: [])
    try directory.remove(Self.grantPrefix + token.text)
  }

  // MARK: Files

  private struct File {
    let name: String
    let sequence: Int
    let algorithm: SigningAlgorithm
    let kid: String
  }

  private func files() throws(DevIssuerError) -> [File] {
    var files: [File] = []
    for name in try directory.names() where name.hasSuffix(Self.suffix) {
      let parts = name.dropLast(Self.suffix.count).split(separator: "-", maxSplits: 2)
      guard parts.count == 3, let sequence = Int(parts[0]),
        let algorithm = SigningAlgorithm(rawValue: String(parts[1]))
      else { throw unreadable(name) }
      files.append(File(name: name, sequence: sequence, algorithm: algorithm, kid: String(parts[2])))
    }
    return files.sorted { ($0.sequence, $0.name) < ($1.sequence, $1.name) }
  }

  private func store(_ key: IssuerKey) throws(DevIssuerError) {
    let pem: [UInt8]
    do { pem = try key.signingKey.privatePEM() } catch { throw .signing(error) }
    let digits = String((try files().last?.sequence ?? 0) + 1)
    let sequence = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    try directory.replace("\(sequence)-\(key.algorithm.rawValue)-\(key.kid)\(Self.suffix)", with: pem)
  }

  private static func isUsable(_ kid: String) -> Bool {
    (1...64).contains(kid.utf8.count)
      && kid.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  private func unreadable(_ name: String) -> DevIssuerError {
    .unreadableKey(path: directory.path + "/" + name)
  }
}
