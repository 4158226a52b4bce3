import BearerLogging
import BearerTOML
import Logging

/// Makes a configuration of a document, or the list of everything that is wrong with it.
struct ConfigurationParser {
  /// Everything outside any table, tables included.
  let root: TOMLTable
  /// What the environment gives: `STATE_DIRECTORY`.
  let environment: [String: String]
  var faults: [ConfigurationFault] = []

  init(_ root: TOMLTable, environment: [String: String]) {
    self.root = root
    self.environment = environment
  }

  /// Reads all of it.
  ///
  /// - Throws: All faults, in the order of the file; those without a line last.
  mutating func parse() throws(ConfigurationFaults) -> Configuration {
    var reader = TableReader(root, at: [], keys: TopLevelKey.names)
    let socketPath = reader.string("socket", expected: Self.socketExpectation, as: Self.socketPath)
    let socketMode = reader.string("socket_mode", expected: "permissions in octal, such as \"0660\"", as: Self.mode)
    let socketGroup = reader.string("socket_group", expected: "a group's name")
    let stateDirectory = reader.path("state_directory")
    let snapshotMaxAge = reader.duration("snapshot_max_age", in: .zero...DurationText.longest)
    let logLevel = reader.word("log_level", as: Logger.Level.self)
    let logFormat = reader.word("log_format", as: LogFormat.self)
    let readyWait = reader.duration("ready_wait", in: .zero...DurationText.longest)
    let issuerTables = tables("issuer", keys: IssuerKey.names, in: &reader)
    let policyTables = tables("policy", keys: PolicyKey.names, in: &reader)
    let peerTables = reader.has("peer") ? tables("peer", keys: PeerKey.names, in: &reader) : []
    let limitTable = table("limits", in: &reader)
    faults += reader.faults

    let issuers = issuerTables.map { issuer(named: $0.name, $0.table) }
    refuseEqualURLs(issuers)
    let policies = policyTables.map { policy(named: $0.name, $0.table, issuers: issuerTables.map(\.name)) }
    let peers = peerTables.compactMap { peer(named: $0.name, $0.table, policies: policyTables.map(\.name)) }
    refuseEqualIdentities(peers)
    let limits = limits(limitTable)

    guard faults.isEmpty else {
      // Sorting keeps the order of what is on one line, so it is done by line and then by position.
      let ordered = faults.enumerated().sorted {
        ($0.element.line ?? .max, $0.offset) < ($1.element.line ?? .max, $1.offset)
      }
      throw ConfigurationFaults(ordered.map(\.element))
    }
    return Configuration(
      socketPath: socketPath ?? Configuration.defaultSocketPath, socketMode: socketMode ?? 0o660,
      socketGroup: socketGroup, stateDirectory: stateDirectory ?? inheritedStateDirectory,
      snapshotMaxAge: snapshotMaxAge ?? Configuration.defaultSnapshotMaxAge, logLevel: logLevel ?? .info,
      logFormat: logFormat ?? .auto, readyWait: readyWait ?? .seconds(10),
      issuers: issuers, policies: policies, peers: peers, limits: limits)
  }

  /// `sun_path` has 108 bytes, and one is its NUL (unix(7)).
  static let longestSocketPath = 107

  /// How errors describe what ``socketPath(_:)`` accepts.
  static let socketExpectation = "an absolute path of at most \(longestSocketPath) bytes that names a file"

  /// A path that a socket can be bound to.
  static func socketPath(_ text: String) -> String? {
    text.hasPrefix("/") && !text.hasSuffix("/") && text.utf8.count <= longestSocketPath ? text : nil
  }

  private static func mode(_ text: String) -> UInt32? {
    guard (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
    return UInt32(text, radix: 8).flatMap { $0 <= 0o777 ? $0 : nil }
  }

  /// systemd gives a list with colons if the unit has several; the first is ours.
  private var inheritedStateDirectory: String? {
    environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
  }

  // MARK: Tables

  /// The tables below `issuer`, `policy` or `peer`, in the order of the file.
  private mutating func tables(
    _ key: String, keys: [String], in reader: inout TableReader
  ) -> [(name: String, table: TOMLTable)] {
    let example = "[\(key).NAME]"
    guard let value = reader[key] else {
      reader.miss(key, expected: "at least one table \(example)", "there is none")
      return []
    }
    guard let all = value.table, !all.entries.isEmpty else {
      reader.refuse(key, found: value.summary, expected: "at least one table \(example)", "wrong type")
      return []
    }
    var tables: [(name: String, table: TOMLTable)] = []
    for entry in all.entries {
      guard let table = entry.value.table else {
        reader.refuse(
          key, entry: entry, found: entry.value.summary, expected: "a table \(example)",
          keys.contains(entry.key) ? "this key belongs into a table with a name" : "wrong type")
        continue
      }
      if !Self.isName(entry.key) {
        reader.refuse(
          key, entry: entry, expected: "1 to 64 of the characters A-Z a-z 0-9 . _ -",
          "not a name for use in requests and logs")
      }
      tables.append((entry.key, table))
    }
    return tables
  }

  private func table(_ key: String, in reader: inout TableReader) -> TOMLTable {
    guard let value = reader[key] else { return TOMLTable() }
    guard let table = value.table else {
      reader.refuse(key, found: value.summary, expected: "a table [\(key)]", "wrong type")
      return TOMLTable()
    }
    return table
  }

  private static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        switch $0 {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
      }
  }

  /// Notes urls that are the same, or that nobody could tell apart.
  ///
  /// The dictionary finds both: strings are equal in Swift if they are so after Unicode normalisation.
  private mutating func refuseEqualURLs(_ issuers: [IssuerConfiguration]) {
    var first: [String: IssuerConfiguration] = [:]
    for issuer in issuers where !issuer.url.isEmpty {
      guard let other = first[issuer.url] else {
        first[issuer.url] = issuer
        continue
      }
      let isSame = issuer.url.utf8.elementsEqual(other.url.utf8)
      faults.append(
        ConfigurationFault(
          place: ConfigurationFault.place(["issuer", issuer.name, "url"]),
          line: root["issuer"]?.value.table?[issuer.name]?.value.table?["url"]?.line,
          found: ConfigurationFault.quoted(issuer.url), expected: "a url of its own",
          message: (isSame ? "the same url as " : "looks the same as the url of ")
            + ConfigurationFault.place(["issuer", other.name]) + (isSame ? "" : ", and differs in its bytes")))
    }
  }
}
