import BearerFetch
import BearerJOSE
import BearerKeys
import BearerTestKit
import Foundation
import NIOPosix
import Testing

/// A directory of its own for one test, removed with the test.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("bearerd-files-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file from its beginning, in place.
  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
  }

  /// Renames over what is there, as `mv` does.
  func rename(_ name: String, to target: String) throws {
    guard Foundation.rename("\(path)/\(name)", "\(path)/\(target)") == 0 else {
      throw CocoaError(.fileWriteUnknown)
    }
  }
}

@Suite(.timeLimit(.minutes(1)))
struct JWKSFileTests {
  @Test("keys are read from the file, each time anew")
  func reads() async throws {
    let directory = try TemporaryDirectory()
    let source = JWKSFileSource(path: directory.path + "/jwks.json", algorithms: ProviderTrial.algorithms)
    for kid in ["k1", "k2"] {
      try directory.write(TestKey.set(try TestKey(kid: kid)), to: "jwks.json")
      let fetched = await source.fetch(previous: nil, validators: nil).fetched
      #expect(fetched?.keys.entries.map(\.kid) == [kid])
      #expect(fetched?.lifetime == nil)
    }
  }

  @Test("an issuer with jwks_file needs no network and no url that is one")
  func kind() async throws {
    let directory = try TemporaryDirectory()
    try directory.write(TestKey.set(try TestKey(kid: "k1")), to: "jwks.json")
    let source = IssuerKeySource(
      settings: KeySourceSettings(
        url: "anything", kind: .jwksFile(directory.path + "/jwks.json"), algorithms: ProviderTrial.algorithms),
      group: MultiThreadedEventLoopGroup.singleton, environment: [:])
    #expect(await source.fetch(previous: nil, validators: nil).fetched?.keys.usableKeys == 1)
  }

  @Test("what is no readable key set has its code")
  func faults() async throws {
    let directory = try TemporaryDirectory()
    func code(_ name: String) async -> FetchFault.Code? {
      await JWKSFileSource(path: directory.path + "/" + name, algorithms: [.es256])
        .fetch(previous: nil, validators: nil).fault?.code
    }
    try directory.write("not json", to: "text")
    try directory.write(#"{"keys":[]}"#, to: "empty")
    try directory.write("{}", to: "object")
    try directory.write(#"{"keys":[{"kty":"oct"}]}"#, to: "unusable")
    try directory.write(String(repeating: " ", count: FetchLimits.bodyBytes + 1), to: "large")
    try directory.write(String(repeating: " ", count: FetchLimits.bodyBytes), to: "blank")
    try directory.link("circle", to: "circle")
    #expect(mkfifo(directory.path + "/pipe", 0o600) == 0)
    #expect(await code("text") == .notJSON)
    #expect(await code("empty") == .emptyKeySet)
    #expect(await code("object") == .notAKeySet)
    #expect(await code("unusable") == .noUsableKey)
    #expect(await code("large") == .bodyTooLarge)
    #expect(await code("blank") == .notJSON)
    #expect(await code("circle") == .fileUnreadable)
    // A pipe would block for ever.
    #expect(await code("pipe") == .fileUnreadable)
    #expect(await code("") == .fileUnreadable)
    #expect(await code("absent") == .fileUnreadable)
  }

  /// Awaits one change that a body makes, and reads the keys after it.
  ///
  /// An event may come for an intermediate step (the new file is there but empty), so reading goes on until the keys
  /// are the expected ones; were the last event missed, the wait would not end.
  private func expectChange(
    to kid: String, path: String, _ changes: inout AsyncStream<Void>.Iterator, _ body: () throws -> Void
  ) async throws {
    let source = JWKSFileSource(path: path, algorithms: ProviderTrial.algorithms)
    try body()
    while true {
      guard await changes.next() != nil else {
        Issue.record("the watch ended")
        return
      }
      if await source.fetch(previous: nil, validators: nil).fetched?.keys.entries.first?.kid == kid { return }
    }
  }

  @Test("a change in place, by rename, by removal and return is seen")
  func watching() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/jwks.json"
    var changes = try FileWatcher.changes(of: path, on: MultiThreadedEventLoopGroup.singleton).makeAsyncIterator()
    let sets = try (0...5).map { TestKey.set(try TestKey(kid: "k\($0)")) }
    try await expectChange(to: "k0", path: path, &changes) { try directory.write(sets[0], to: "jwks.json") }
    try await expectChange(to: "k1", path: path, &changes) { try directory.write(sets[1], to: "jwks.json") }
    for number in 2...3 {
      try await expectChange(to: "k\(number)", path: path, &changes) {
        try directory.write(sets[number], to: "new.json")
        try directory.rename("new.json", to: "jwks.json")
      }
    }
    // In place again, now in the file that came by rename.
    try await expectChange(to: "k4", path: path, &changes) { try directory.write(sets[4], to: "jwks.json") }
    try await expectChange(to: "k5", path: path, &changes) {
      try FileManager.default.removeItem(atPath: path)
      try directory.write(sets[5], to: "jwks.json")
    }
  }

  @Test("a link that is switched is seen, as a Kubernetes volume switches its ..data")
  func links() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/jwks.json"
    for number in 0...3 {
      try FileManager.default.createDirectory(
        atPath: directory.path + "/..release-\(number)", withIntermediateDirectories: true)
      try directory.write(TestKey.set(try TestKey(kid: "k\(number)")), to: "..release-\(number)/jwks.json")
    }
    try directory.link("..data", to: "..release-0")
    try directory.link("jwks.json", to: "..data/jwks.json")
    var changes = try FileWatcher.changes(of: path, on: MultiThreadedEventLoopGroup.singleton).makeAsyncIterator()
    for number in 1...2 {
      try await expectChange(to: "k\(number)", path: path, &changes) {
        try directory.link("..data_tmp", to: "..release-\(number)")
        try directory.rename("..data_tmp", to: "..data")
      }
    }
    // A write behind the switched link: the watches have moved along.
    let again = TestKey.set(try TestKey(kid: "again"))
    try await expectChange(to: "again", path: path, &changes) {
      try directory.write(again, to: "..release-2/jwks.json")
    }
  }

  @Test("a directory that appears or is replaced on the way is seen")
  func directories() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a/b/jwks.json"
    var changes = try FileWatcher.changes(of: path, on: MultiThreadedEventLoopGroup.singleton).makeAsyncIterator()
    let sets = try (0...1).map { TestKey.set(try TestKey(kid: "k\($0)")) }
    try await expectChange(to: "k0", path: path, &changes) {
      try FileManager.default.createDirectory(atPath: directory.path + "/a/b", withIntermediateDirectories: true)
      try directory.write(sets[0], to: "a/b/jwks.json")
    }
    try await expectChange(to: "k1", path: path, &changes) {
      try FileManager.default.createDirectory(atPath: directory.path + "/n/b", withIntermediateDirectories: true)
      try directory.write(sets[1], to: "n/b/jwks.json")
      try directory.rename("a", to: "old")
      try directory.rename("n", to: "a")
    }
  }

  @Test("a neighbour's changes are not the file's")
  func neighbours() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/jwks.json"
    try directory.write(TestKey.set(try TestKey(kid: "k0")), to: "jwks.json")
    let stream = try FileWatcher.changes(of: path, on: MultiThreadedEventLoopGroup.singleton)
    var changes = stream.makeAsyncIterator()
    for number in 0..<50 { try directory.write("x", to: "neighbour-\(number)") }
    // The one event that is awaited is that of the file, after all those of its neighbours.
    let mark = TestKey.set(try TestKey(kid: "mark"))
    try directory.write(mark, to: "other.json")
    try directory.rename("other.json", to: "jwks.json")
    #expect(await changes.next() != nil)
    let fetched = await JWKSFileSource(path: path, algorithms: ProviderTrial.algorithms)
      .fetch(previous: nil, validators: nil).fetched
    #expect(fetched?.keys.entries.first?.kid == "mark")
  }
}
