import BearerAddress
import BearerConfiguration
import BearerFetch
import BearerJOSE
import BearerKeys
import BearerTestKit
import Foundation
import Logging
import Testing

@testable import BearerDaemon

@Suite struct SnapshotStoreTests {
  private let issuer = IssuerConfiguration(name: "idp", url: AnswersFixture.url)
  private let log = CapturedLog()

  /// Runs `body` with a store in a directory of its own, and the path of the issuer's file.
  private func withStore(
    maximumAge: Duration = KeySnapshotRecord.defaultMaximumAge, _ body: (SnapshotStore, String) async throws -> Void
  ) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "bearerd-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await body(
      SnapshotStore(directory: directory, maximumAge: maximumAge),
      "\(directory)/\(KeySnapshotRecord.fileName(issuer: issuer.url))")
  }

  private func snapshot(_ kid: String = "k1", age: Duration = .zero) throws -> KeySnapshot {
    let keys = IssuerKeys(settings: RefreshSettings(), source: ScriptedKeySource())
    var fetched = try AnswersFixture.fetched(kid)
    fetched.lifetime = .seconds(300)
    keys.restore(with: fetched, age: age)
    return try #require(keys.snapshot)
  }

  private func keep(
    _ kid: String = "k1", age: Duration = .zero, in store: SnapshotStore, of issuer: IssuerConfiguration? = nil
  ) throws {
    store.keep(try snapshot(kid, age: age), of: issuer ?? self.issuer, logger: log.logger)
  }

  private func edit(_ path: String, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = Array(try Data(contentsOf: URL(filePath: path)))
    change(&bytes)
    try Data(bytes).write(to: URL(filePath: path))
    chmod(path, 0o600)
  }

  private func loads(_ store: SnapshotStore, _ issuer: IssuerConfiguration? = nil) -> Bool {
    store.load(issuer ?? self.issuer, logger: log.logger) != nil
  }

  @Test(
    "in a directory that others may write nothing is kept and nothing read",
    arguments: [0o720, 0o702, 0o777] as [mode_t])
  func foreignDirectory(mode: mode_t) async throws {
    try await withStore { store, path in
      try keep(in: store)
      #expect(loads(store))
      let directory = URL(filePath: path).deletingLastPathComponent().path()
      #expect(chmod(directory, mode) == 0)
      #expect(!loads(store))
      #expect(log.lines.last?.contains("state_directory_not_ours") == true)
      let before = try Data(contentsOf: URL(filePath: path))
      try keep("k2", in: store)
      #expect(try Data(contentsOf: URL(filePath: path)) == before)
      #expect(log.lines.last?.hasPrefix("error the key snapshot was not written: state_directory") == true)
      #expect(chmod(directory, 0o700) == 0)
      #expect(loads(store))
    }
  }

  @Test("what is kept is loaded again, with its age and its keys, from a file for its owner alone")
  func roundTrip() async throws {
    try await withStore { store, path in
      #expect(!loads(store))
      try keep(in: store)
      let (fetched, age) = try #require(store.load(issuer, logger: log.logger))
      let body = try AnswersFixture.fetched("k1").body
      #expect(fetched.body == body)
      #expect(fetched.keys.usableKeys == 1)
      #expect(age < .seconds(60))
      #expect(fetched.lifetime == .seconds(300))
      var facts = stat()
      #expect(stat(path, &facts) == 0 && facts.st_mode & 0o777 == 0o600)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: (path as NSString).deletingLastPathComponent).count == 1)
      #expect(log.lines == [])
    }
  }

  @Test("a file is replaced whole, also over a leftover of an interrupted write")
  func replaces() async throws {
    try await withStore { store, path in
      try "half".write(toFile: "\(path).new", atomically: false, encoding: .utf8)
      try keep(in: store)
      try keep(in: store)
      #expect(loads(store))
      #expect(!FileManager.default.fileExists(atPath: "\(path).new"))
    }
  }

  @Test("whoever reads the file while it is replaced reads the old one whole")
  func isAtomic() async throws {
    try await withStore { store, path in
      try keep(in: store)
      let before = try Data(contentsOf: URL(filePath: path))
      let reader = try #require(FileHandle(forReadingAtPath: path))
      try keep("k2", in: store)
      #expect(try reader.readToEnd() == before)
      #expect(try Data(contentsOf: URL(filePath: path)) != before)
    }
  }

  @Test("a set that came or was confirmed is one to keep; of what changes no keys nothing is")
  func changes() throws {
    let new = try snapshot()
    let difference = KeySetChange(keys: 1, added: ["k1"], removed: [], changed: true)
    for change: IssuerKeysChange in [.replaced(new, difference), .confirmed(new)] { #expect(change.validated === new) }
    for change: IssuerKeysChange in [
      .restored(new), .failed(FetchFault(.timedOut, found: "a test"), consecutiveFailures: 1), .health(.fresh),
    ] { #expect(change.validated == nil) }
  }

  @Test("what is kept is as old as the last word of the provider, and not used beyond its greatest age")
  func age() async throws {
    try await withStore(maximumAge: .seconds(9000)) { store, _ in
      try keep(age: .seconds(3600), in: store)
      let (_, age) = try #require(store.load(issuer, logger: log.logger))
      #expect((3600..<5400).contains(age.components.seconds))
      try keep(age: .seconds(9060), in: store)
      #expect(!loads(store))
      #expect(log.lines.count == 1 && log.lines[0].contains("too_old"))
    }
  }

  @Test("a damaged file is ignored and said to be", arguments: [0, 1, 40, -2])
  func damaged(_ place: Int) async throws {
    try await withStore { store, path in
      try keep(in: store)
      try edit(path) { $0[place < 0 ? $0.count + place - 20 : place] ^= 1 }
      #expect(!loads(store))
      #expect(log.lines.count == 1 && log.lines.allSatisfy { $0.contains("the key snapshot on disk is ignored") })
    }
  }

  @Test("a file cut short, an empty one and one without end are ignored")
  func cut() async throws {
    try await withStore { store, path in
      try keep(in: store)
      try edit(path) { $0.removeLast($0.count / 2) }
      #expect(!loads(store))
      try edit(path) { $0 = [] }
      #expect(!loads(store))
      try edit(path) { $0 = Array(repeating: 0x20, count: KeySnapshotRecord.maximumBytes + 1) }
      #expect(!loads(store))
      #expect(log.lines.last?.contains("too_large") == true)
    }
  }

  @Test("a file that others may write, a directory, a symlink or a pipe in its place is not read")
  func foreign() async throws {
    try await withStore { store, path in
      try keep(in: store)
      for mode: mode_t in [0o620, 0o602, 0o666] {
        chmod(path, mode)
        #expect(!loads(store))
        #expect(log.lines.last?.contains("not_ours") == true)
      }
      chmod(path, 0o600)
      #expect(loads(store))
      rename(path, "\(path).real")
      symlink("\(path).real", path)
      #expect(!loads(store))
      unlink(path)
      mkdir(path, 0o700)
      #expect(!loads(store))
      #expect(log.lines.last?.contains("not_ours") == true)
      rmdir(path)
      mkfifo(path, 0o600)
      let lines = log.lines.count
      #expect(!loads(store))
      #expect(log.lines.count == lines + 1 && log.lines.last?.contains("not_ours") == true)
    }
  }

  @Test("a file of another user is not read", .enabled(if: geteuid() == 0))
  func otherOwner() async throws {
    try await withStore { store, path in
      try keep(in: store)
      chown(path, 65534, 65534)
      #expect(!loads(store))
      #expect(log.lines.last?.contains("not_ours") == true)
    }
  }

  @Test("keys of another configuration are not used")
  func otherConfiguration() async throws {
    try await withStore { store, _ in
      try keep(in: store)
      for change: (inout IssuerConfiguration) -> Void in [
        { $0.source = .jwksURI("https://idp.example/other") }, { $0.url = "https://other.example" },
        { $0.algorithms = [.es256] }, { $0.caFile = "/etc/ca.pem" }, { $0.connectTo = HostAndPort("10.0.0.5:8443") },
      ] {
        var other = issuer
        change(&other)
        #expect(!loads(store, other))
      }
      // Of two addresses, and of discovery and an address that reads the same, each has its own.
      var sources: [IssuerConfiguration] = []
      for source: IssuerConfiguration.Source in [
        .discovery, .jwksURI(issuer.url), .jwksURI("https://idp.example/one"), .jwksURI("https://idp.example/two"),
      ] {
        var other = issuer
        other.source = source
        sources.append(other)
      }
      for kept in sources {
        try keep(in: store, of: kept)
        #expect(sources.map { loads(store, $0) } == sources.map { $0.source == kept.source })
      }
      try keep(in: store)
      // What bears only on when keys are fetched leaves them usable.
      var same = issuer
      same.refresh = .seconds(60)
      same.name = "renamed"
      #expect(loads(store, same))
    }
  }

  @Test("a file under another issuer's name is not used")
  func otherIssuer() async throws {
    try await withStore { store, path in
      var other = issuer
      other.url = "https://other.example"
      try keep(in: store, of: other)
      let directory = (path as NSString).deletingLastPathComponent
      rename("\(directory)/\(KeySnapshotRecord.fileName(issuer: other.url))", path)
      #expect(!loads(store))
      #expect(log.lines.last?.contains("other_issuer") == true)
    }
  }

  @Test("a key set that comes from a file is neither kept nor loaded")
  func fromFile() async throws {
    try await withStore { store, path in
      var local = issuer
      local.source = .jwksFile("/etc/jwks.json")
      try keep(in: store, of: local)
      #expect(!FileManager.default.fileExists(atPath: path))
      #expect(!loads(store, local))
      // What is there from before the file was configured is nobody's business.
      try keep(in: store)
      #expect(!loads(store, local))
      #expect(log.lines == [])
    }
  }

  @Test("a directory that cannot be written to costs a warning and nothing else")
  func unwritable() throws {
    try keep(in: SnapshotStore(directory: "/nonexistent/bearerd"))
    #expect(log.lines.count == 1 && log.lines[0].contains("the key snapshot was not written"))
  }

  @Test("another set that cannot be replaced is removed, for it may hold a withdrawn key; the same set stays")
  func outdated() async throws {
    try await withStore { store, path in
      try keep("k1", age: .seconds(60), in: store)
      // What a full disk is to `open`; only it can be had here.
      try FileManager.default.createDirectory(atPath: "\(path).new", withIntermediateDirectories: false)
      try keep("k1", in: store)
      #expect(store.load(issuer, logger: log.logger)?.age.components.seconds ?? 0 >= 60)
      try keep("k2", in: store)
      #expect(!FileManager.default.fileExists(atPath: path))
      #expect(log.lines.count == 2 && log.lines.allSatisfy { $0.contains("the key snapshot was not written") })
      // What cannot be read may hold anything.
      try FileManager.default.removeItem(atPath: "\(path).new")
      try keep("k1", in: store)
      try edit(path) { $0[40] ^= 1 }
      try FileManager.default.createDirectory(atPath: "\(path).new", withIntermediateDirectories: false)
      try keep("k1", in: store)
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }
}
