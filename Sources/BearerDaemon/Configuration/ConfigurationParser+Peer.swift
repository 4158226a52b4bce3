import BearerJSON
import BearerProtocol
import BearerTOML

extension ConfigurationParser {
  /// Reads one `[peer.NAME]` table; `nil` if it does not say whom it is for.
  mutating func peer(
    named name: String, _ table: TOMLTable, policies: [String]
  ) -> PeerConfiguration? {
    var reader = TableReader(table, at: ["peer", name], keys: PeerKey.names)
    defer { faults += reader.faults }

    let identity = identity(&reader)
    let operations = operations(&reader)
    let policies = self.policies(&reader, known: policies)
    let rate = reader.integer("rate", in: 1...1_000_000)
    guard let identity else { return nil }
    var peer = PeerConfiguration(name: name, identity: identity)
    peer.operations = operations
    peer.policies = policies
    peer.rate = rate
    return peer
  }

  /// Notes tables for one and the same user or group, of which only one could count.
  mutating func refuseEqualIdentities(_ peers: [PeerConfiguration]) {
    var first: [PeerConfiguration.Identity: String] = [:]
    for peer in peers {
      guard let other = first[peer.identity] else {
        first[peer.identity] = peer.name
        continue
      }
      let path = ["peer", peer.name]
      faults.append(
        ConfigurationFault(
          place: ConfigurationFault.place(path), line: root["peer"]?.value.table?[peer.name]?.line,
          expected: "one table for each user and each group",
          message: "is for the same \(peer.identity.words) as \(ConfigurationFault.place(["peer", other]))"))
    }
  }

  private func identity(_ reader: inout TableReader) -> PeerConfiguration.Identity? {
    let ids = 0...4_294_967_294
    let uid = reader.integer("uid", in: ids).map { PeerConfiguration.Identity.user(UInt32($0)) }
    let gid = reader.integer("gid", in: ids).map { PeerConfiguration.Identity.group(UInt32($0)) }
    let user = reader.string("user", expected: "the name of a user of this host", as: UserDatabase.uid(of:))
      .map { PeerConfiguration.Identity.user($0) }
    let given = ["uid", "gid", "user"].filter { reader.has($0) }
    if given.isEmpty { reader.miss("uid", expected: "uid, gid or user: whom the table is for") }
    if given.count > 1, let last = given.last {
      reader.refuse(
        last, expected: "one of uid, gid and user",
        "stands beside \(given.dropLast().joined(separator: ", "))")
    }
    return uid ?? gid ?? user
  }

  private func operations(_ reader: inout TableReader) -> Set<Operation>? {
    let known = Operation.allCases.map(\.rawValue)
    let names = self.known(reader.strings("ops", expected: "a list of ops"), among: known, "ops", "op", &reader)
    return names.map { Set($0.compactMap(Operation.init(rawValue:))) }
  }

  private func policies(_ reader: inout TableReader, known: [String]) -> Set<String>? {
    let names = self.known(
      reader.strings("policies", expected: "a list of policies' names"), among: known, "policies", "policy", &reader)
    return names.map { Set($0) }
  }

  /// Notes names that are none of the known ones.
  private func known(
    _ names: [String]?, among known: [String], _ key: String, _ kind: String, _ reader: inout TableReader
  ) -> [String]? {
    for name in names ?? [] where !known.contains(where: { $0.hasSameBytes(as: name) }) {
      let meant = NearMiss.of(name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
      reader.refuse(
        key, found: ConfigurationFault.quoted(name), expected: "some of \(known.joined(separator: ", "))",
        "there is no such \(kind)\(meant)")
    }
    return names
  }
}

extension PeerConfiguration.Identity {
  fileprivate var words: String {
    switch self {
    case .user(let uid): "user (\(uid))"
    case .group(let gid): "group (\(gid))"
    }
  }
}
