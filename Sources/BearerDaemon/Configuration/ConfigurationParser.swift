import BearerJOSE
import Logging

/// Makes a configuration of a document, or the list of everything that is wrong with it.
struct ConfigurationParser {
  let document: ConfigurationDocument
  /// What the environment gives: `STATE_DIRECTORY`.
  let environment: [String: String]
  var faults: [ConfigurationFault] = []

  init(_ document: ConfigurationDocument, environment: [String: String]) {
    self.document = document
    self.environment = environment
  }

  /// Reads all of it.
  ///
  /// - Throws: All faults, in the order of the file; those without a line last.
  mutating func parse() throws(ConfigurationFaults) -> Configuration {
    var reader = TableReader<TopLevelKey>(document.root, at: [], in: document)
    let socketPath = reader.string(.socket, expected: Self.socketExpectation, as: Self.socketPath)
    let socketMode = reader.string(.socketMode, expected: "permissions in octal, such as \"0660\"", as: Self.mode)
    let socketGroup = reader.string(.socketGroup, expected: "a group's name")
    let stateDirectory = reader.path(.stateDirectory)
    let snapshotMaxAge = reader.duration(.snapshotMaxAge, in: .zero...DurationText.longest)
    let logLevel = reader.word(.logLevel, as: Logger.Level.self)
    let logFormat = reader.word(.logFormat, as: LogFormat.self)
    let readyWait = reader.duration(.readyWait, in: .zero...DurationText.longest)
    let issuerTables = tables(.issuer, in: &reader)
    let policyTables = tables(.policy, in: &reader)
    let peerTables = reader.has(.peer) ? tables(.peer, in: &reader) : []
    let limitTable = table(.limits, in: &reader)
    faults += reader.faults

    let issuers = issuerTables.map { issuer(named: $0.name, $0.members) }
    refuseEqualURLs(issuers)
    let policies = policyTables.map { policy(named: $0.name, $0.members, issuers: issuerTables.map(\.name)) }
    let peers = peerTables.compactMap { peer(named: $0.name, $0.members, policies: policyTables.map(\.name)) }
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
    _ key: TopLevelKey, in reader: inout TableReader<TopLevelKey>
  ) -> [(name: String, members: [String: ConfigurationValue])] {
    let example = "[\(key.rawValue).NAME]"
    guard let value = reader[key] else {
      reader.miss(key, expected: "at least one table \(example)", "there is none")
      return []
    }
    guard case .table(let members) = value, !members.isEmpty else {
      reader.refuse(key, found: value.summary, expected: "at least one table \(example)", "wrong type")
      return []
    }
    var tables: [(name: String, members: [String: ConfigurationValue])] = []
    for (name, member) in members {
      guard case .table(let inner) = member else {
        let isKey =
          switch key {
          case .issuer: IssuerKey(rawValue: name) != nil
          case .policy: PolicyKey(rawValue: name) != nil
          default: PeerKey(rawValue: name) != nil
          }
        reader.refuse(
          key, [name], found: member.summary, expected: "a table \(example)",
          isKey ? "this key belongs into a table with a name" : "wrong type")
        continue
      }
      if !Self.isName(name) {
        reader.refuse(
          key, [name], expected: "1 to 64 of the characters A-Z a-z 0-9 . _ -",
          "not a name for use in requests and logs")
      }
      tables.append((name, inner))
    }
    return tables.sorted {
      (document.line(of: [key.rawValue, $0.name]) ?? 0, $0.name) < (
        document.line(of: [key.rawValue, $1.name]) ?? 0, $1.name
      )
    }
  }

  private func table(
    _ key: TopLevelKey, in reader: inout TableReader<TopLevelKey>
  ) -> [String: ConfigurationValue] {
    guard let value = reader[key] else { return [:] }
    guard case .table(let members) = value else {
      reader.refuse(key, found: value.summary, expected: "a table [\(key.rawValue)]", "wrong type")
      return [:]
    }
    return members
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

  private mutating func refuseEqualURLs(_ issuers: [IssuerConfiguration]) {
    var first: [String: String] = [:]
    for issuer in issuers where !issuer.url.isEmpty {
      guard let other = first[issuer.url] else {
        first[issuer.url] = issuer.name
        continue
      }
      let path = ["issuer", issuer.name, "url"]
      faults.append(
        ConfigurationFault(
          place: TableReader<IssuerKey>.place(path), line: document.line(of: path),
          found: ConfigurationValue.quoted(issuer.url), expected: "a url of its own",
          message: "the same url as \(TableReader<IssuerKey>.place(["issuer", other]))"))
    }
  }
}
