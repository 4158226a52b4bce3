import BearerClaims
import BearerJOSE
import BearerLogging
package import BearerTOML
import BearerThreads
import Logging

extension Configuration: ConfigurationTable {
  package init() { self.init(issuers: []) }

  package static let keys: [ConfigurationKey<Configuration>] = [
    .init("socket", \.socketPath, .socketPath, restart: true),
    .init("socket_mode", \.socketMode, .mode, restart: true),
    .init("socket_group", \.socketGroup, .string("a group's name"), absence: "the process's own", restart: true),
    .init("admin_socket", \.adminSocketPath, .socketPath, absence: "none", restart: true),
    .init("watch_config", \.watchesFile, .boolean, restart: true),
    .init("state_directory", \.stateDirectory, .path, absence: "$STATE_DIRECTORY", restart: true),
    .init("snapshot_max_age", \.snapshotMaxAge, .duration(.zero...DurationText.longest), restart: true),
    .init("log_level", \.logLevel, .word, restart: true),
    .init("log_format", \.logFormat, .word, restart: true),
    .init("ready_wait", \.readyWait, .duration(.zero...DurationText.longest)),
    .tables("issuer", \.issuers, required: true),
    .tables("policy", \.policies, required: true),
    .tables("peer", \.peers, required: false),
    .table("limits", \.limits),
  ]

  /// Reads the table outside of all others.
  ///
  /// - Parameters:
  ///   - root: The table.
  ///   - environment: Where systemd says `STATE_DIRECTORY`.
  /// - Throws: All faults, in the order of the file; those without a line last.
  package init(reading root: TOMLTable, environment: [String: String]) throws(ConfigurationFaults) {
    self.init()
    var reader = TableReader(root, at: [], keys: Self.keys.map(\.name))
    read(&reader)
    guard reader.faults.isEmpty else {
      // Sorted by line and then by position, so that faults on one line keep their order.
      let ordered = reader.faults.enumerated().sorted {
        ($0.element.line ?? .max, $0.offset) < ($1.element.line ?? .max, $1.offset)
      }
      throw ConfigurationFaults(ordered.map(\.element))
    }
    // systemd gives a list with colons if the unit has several; bearerd uses the first.
    stateDirectory = stateDirectory ?? environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
  }

  package mutating func finish(_ reader: inout TableReader) {
    if let adminSocketPath, adminSocketPath.utf8.elementsEqual(socketPath.utf8) {
      reader.refuse(
        "admin_socket", found: ConfigurationFault.quoted(adminSocketPath),
        expected: "a path of its own, in a directory that no application has", "the same path as socket")
    }
    refuseEqualURLs(&reader)
    refuseEqualIdentities(&reader)
    readIssuersOfPolicies(&reader)
    let issuerIndices = EffectivePolicy.issuerIndices(of: issuers.map(\.name))
    refusePoliciesWithoutBackEnd(issuerIndices, &reader)
    refuseRolesOfNowhere(issuerIndices, &reader)
    let names = Names(of: policies)
    for peer in peers {
      for name in peer.policies?.sorted() ?? [] where !names.contain(name) {
        reader.refuseUnknown(name, among: names.all, at: ["peer", peer.name, "policies"], "policy")
      }
    }
  }

  private mutating func readIssuersOfPolicies(_ reader: inout TableReader) {
    let names = Names(of: issuers)
    for index in policies.indices {
      CurrentThread.giveWay()
      let place = ["policy", policies[index].name, "issuers"]
      // The file is searched only if nothing was read, because a search takes time by the number of policies.
      if !policies[index].issuers.isEmpty || reader.has(at: place) {
        for name in policies[index].issuers where !names.contain(name) {
          reader.refuseUnknown(name, among: names.all, at: place, "issuer")
        }
      } else {
        policies[index].issuers = names.all
        if names.all.count > 1 {
          reader.miss(
            at: place, expected: "some of \(TableReader.list(names.all))",
            "is missing while there are several issuers")
        }
      }
    }
  }

  /// The issuers whose tokens a policy accepts, in the order of the file, given the indices of all by their names' bytes.
  func acceptedIssuers(of policy: Policy, _ issuerIndices: [[UInt8]: Int]) -> [IssuerConfiguration] {
    Set(policy.issuers.compactMap { issuerIndices[Array($0.utf8)] }).sorted().map { issuers[$0] }
  }

  /// Notes policies that demand roles of an issuer without `roles_claim`: no token could pass.
  private func refuseRolesOfNowhere(_ issuerIndices: [[UInt8]: Int], _ reader: inout TableReader) {
    for policy in policies where !policy.roles.isEmpty {
      for issuer in acceptedIssuers(of: policy, issuerIndices) where issuer.profile.rolesClaim == nil {
        reader.refuse(
          at: ["policy", policy.name, "roles"],
          expected: "roles_claim in [\(ConfigurationFault.place(["issuer", issuer.name]))]",
          "nothing says where the roles are in the tokens of \(ConfigurationFault.place(["issuer", issuer.name]))")
      }
    }
  }

  /// Notes urls that are equal, or that nobody could tell apart.
  ///
  /// The dictionary finds both, because strings are equal in Swift if they are so after Unicode normalisation.
  private func refuseEqualURLs(_ reader: inout TableReader) {
    var first: [String: IssuerConfiguration] = [:]
    for issuer in issuers where !issuer.url.isEmpty {
      CurrentThread.giveWay()
      let names = [issuer.url] + IssuerName.all(of: issuer.url, issuer.profile).map(\.text)
      let other = names.lazy.compactMap { first[$0] }.first
      for name in names where first[name] == nil { first[name] = issuer }
      guard let other else { continue }
      let place = ConfigurationFault.place(["issuer", other.name])
      let words =
        issuer.url.utf8.elementsEqual(other.url.utf8)
        ? "the same url as \(place)"
        : issuer.url == other.url
          ? "looks the same as the url of \(place), and differs in its bytes"
          : "has a name in common with \(place), by url, url_aliases or tenants"
      reader.refuse(
        at: ["issuer", issuer.name, "url"], found: ConfigurationFault.quoted(issuer.url), expected: "a url of its own",
        words)
    }
  }

  /// Notes tables for one and the same user or group, of which only one could count.
  private func refuseEqualIdentities(_ reader: inout TableReader) {
    var first: [PeerConfiguration.Identity: String] = [:]
    for peer in peers {
      guard let identity = peer.identity else { continue }
      guard let other = first[identity] else {
        first[identity] = peer.name
        continue
      }
      let words =
        switch identity {
        case .user(let uid): "user (\(uid))"
        case .group(let gid): "group (\(gid))"
        }
      reader.refuse(
        at: ["peer", peer.name], expected: "one table for each user and each group",
        "is for the same \(words) as \(ConfigurationFault.place(["peer", other]))")
    }
  }

  /// Names of tables, found by their bytes.
  private struct Names {
    let all: [String]
    private let bytes: Set<[UInt8]>

    init<Table: NamedTable>(of tables: [Table]) {
      all = tables.map(\.name)
      bytes = Set(all.map { Array($0.utf8) })
    }

    func contain(_ name: String) -> Bool { bytes.contains(Array(name.utf8)) }
  }
}

extension ValueKind where Value == UInt32 {
  /// Permission bits.
  fileprivate static var mode: Self {
    string("permissions in octal, such as \"0660\"") { text in
      guard (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
      return UInt32(text, radix: 8).flatMap { $0 <= 0o777 ? $0 : nil }
    } write: {
      "0" + String($0, radix: 8)
    }
  }
}

extension ValueKind where Value == String {
  /// Where a socket can be made: `sun_path` has 108 bytes, and one is its NUL (unix(7)).
  fileprivate static var socketPath: Self {
    string("an absolute path of at most 107 bytes that names a file") { text in
      text.utf8.first == UInt8(ascii: "/") && text.utf8.last != UInt8(ascii: "/") && text.utf8.count <= 107
    }
  }
}
