import BearerJOSE
import BearerKeys
import BearerTestKit
import Dispatch
import Foundation
import NIOPosix
import Synchronization
import Testing

@testable import BearerFetch

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
    try write(Array(text.utf8), to: name)
  }

  /// The same with bytes.
  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
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

@Suite(.timeLimit(.minutes(10)))
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

  @Test("a set that libcrypto has no memory to compile is no bad set, and is read once there is memory")
  func starved() async {
    await #expect(processExitsWith: .success) {
      try #require(StarvedLibcrypto.install())
      let directory = try TemporaryDirectory()
      let source = JWKSFileSource(path: directory.path + "/jwks.json", algorithms: ProviderTrial.algorithms)
      try directory.write(TestKey.set(try TestKey(kid: "k1")), to: "jwks.json")
      StarvedLibcrypto.allow(0)
      let starved = await source.fetch(previous: nil, validators: nil)
      StarvedLibcrypto.allow(.max)
      #expect(
        starved.fault?.message
          == #"Libcrypto could not read a key of jwks_file "\#(directory.path)/jwks.json", probably for want of memory. "#
          + "Give bearerd more memory.")
      #expect(starved.fault?.code == .keysUndecided)
      #expect(await source.fetch(previous: nil, validators: nil).fetched?.keys.usableKeys == 1)
    }
  }

  @Test("an issuer with jwks_file needs no network and no url that is one")
  func kind() async throws {
    let directory = try TemporaryDirectory()
    try directory.write(TestKey.set(try TestKey(kid: "k1")), to: "jwks.json")
    let source = IssuerKeySource(
      settings: KeySourceSettings(
        url: "anything", origin: .jwksFile(directory.path + "/jwks.json"), algorithms: ProviderTrial.algorithms),
      network: FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: [:]))
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

  /// Makes a change, has the poller look, and awaits that it tells and that the keys are the new ones.
  private func expectChange(
    to kid: String, _ watched: Watched, _ body: () throws -> Void
  ) async throws {
    try body()
    watched.poller.poll()
    #expect(await watched.changes.next() != nil)
    let source = JWKSFileSource(path: watched.path, algorithms: ProviderTrial.algorithms)
    #expect(await source.fetch(previous: nil, validators: nil).fetched?.keys.entries.first?.kid == kid)
  }

  /// A file that is watched by a poller that looks only when it is told to, and that has looked once.
  private final class Watched {
    let path: String
    let poller: FilePoller
    var changes: AsyncStream<Void>.Iterator

    init(_ path: String) async {
      self.path = path
      poller = FilePoller(group: MultiThreadedEventLoopGroup.singleton, period: .seconds(86_400), hasAlarm: false)
      changes = poller.changes(of: path).makeAsyncIterator()
      poller.poll()
      _ = await changes.next()
    }
  }

  @Test("a change in place, by rename, by removal and return is seen")
  func watching() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/jwks.json"
    let watched = await Watched(path)
    let sets = try (0...5).map { TestKey.set(try TestKey(kid: "k\($0)")) }
    try await expectChange(to: "k0", watched) { try directory.write(sets[0], to: "jwks.json") }
    try await expectChange(to: "k1", watched) { try directory.write(sets[1], to: "jwks.json") }
    for number in 2...3 {
      try await expectChange(to: "k\(number)", watched) {
        try directory.write(sets[number], to: "new.json")
        try directory.rename("new.json", to: "jwks.json")
      }
    }
    // In place again, now in the file that came by rename.
    try await expectChange(to: "k4", watched) { try directory.write(sets[4], to: "jwks.json") }
    try await expectChange(to: "k5", watched) {
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
    let watched = await Watched(path)
    for number in 1...2 {
      try await expectChange(to: "k\(number)", watched) {
        try directory.link("..data_tmp", to: "..release-\(number)")
        try directory.rename("..data_tmp", to: "..data")
      }
    }
    // A write behind the switched link: the watches have moved along.
    let again = TestKey.set(try TestKey(kid: "again"))
    try await expectChange(to: "again", watched) {
      try directory.write(again, to: "..release-2/jwks.json")
    }
  }

  @Test("a directory that appears or is replaced on the way is seen")
  func directories() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a/b/jwks.json"
    let watched = await Watched(path)
    let sets = try (0...1).map { TestKey.set(try TestKey(kid: "k\($0)")) }
    try await expectChange(to: "k0", watched) {
      try FileManager.default.createDirectory(atPath: directory.path + "/a/b", withIntermediateDirectories: true)
      try directory.write(sets[0], to: "a/b/jwks.json")
    }
    try await expectChange(to: "k1", watched) {
      try FileManager.default.createDirectory(atPath: directory.path + "/n/b", withIntermediateDirectories: true)
      try directory.write(sets[1], to: "n/b/jwks.json")
      try directory.rename("a", to: "old")
      try directory.rename("n", to: "a")
    }
  }

  @Test("what did not change is not told")
  func unchanged() async {
    let inodes = Mutex<[String: UInt64]>(["file": 1])
    let poller = FilePoller(group: MultiThreadedEventLoopGroup.singleton, period: .seconds(86_400), hasAlarm: false) {
      path in
      inodes.withLock { $0[path].map(FileIdentity.init(inode:)) }
    }
    let changes = poller.changes(of: "file")
    let told = Told()
    let (seen, sees) = AsyncStream.makeStream(of: Void.self)
    let consumer = Task {
      for await _ in changes {
        told.count.withLock { $0 += 1 }
        sees.yield()
      }
    }
    var each = seen.makeAsyncIterator()
    poller.poll()
    _ = await each.next()
    for number in 0..<5 {
      // Files are looked at in the order in which they were added, so the new one's first look ends the round.
      var other = poller.changes(of: "other \(number)").makeAsyncIterator()
      poller.poll()
      #expect(await other.next() != nil)
    }
    for (inode, count) in [(2, 2), (nil, 3)] as [(UInt64?, Int)] {
      inodes.withLock { $0["file"] = inode }
      poller.poll()
      _ = await each.next()
      #expect(told.count.withLock(\.self) == count)
    }
    consumer.cancel()
  }

  private final class Told: Sendable {
    let count = Mutex(0)
  }

  @Test("a file on a disk that hangs holds up no other, and is looked at again once the disk answers")
  func hungDisk() async throws {
    let hangs = DispatchSemaphore(value: 0)
    let inodes = Mutex<[String: UInt64]>(["hung": 1, "good": 1])
    let hasHung = Mutex(false)
    let (hangsNow, hanging) = AsyncStream.makeStream(of: Void.self)
    let poller = FilePoller(group: MultiThreadedEventLoopGroup.singleton, period: .seconds(86_400), hasAlarm: false) {
      path in
      let isFirst =
        path == "hung"
        && hasHung.withLock { hasHung in
          defer { hasHung = true }
          return !hasHung
        }
      if isFirst {
        hanging.yield()
        hangs.wait()
      }
      return inodes.withLock { $0[path].map(FileIdentity.init(inode:)) }
    }
    var hung = poller.changes(of: "hung").makeAsyncIterator()
    var good = poller.changes(of: "good").makeAsyncIterator()
    poller.poll()
    for await _ in hangsNow { break }
    for inode in 1...3 as ClosedRange<UInt64> {
      inodes.withLock { $0["good"] = inode }
      poller.poll()
      #expect(await good.next() != nil)
    }
    hangs.signal()
    #expect(await hung.next() != nil)
    inodes.withLock { $0["hung"] = 2 }
    poller.poll()
    #expect(await hung.next() != nil)
  }

  @Test("looks come by themselves")
  func period() async {
    let poller = FilePoller(group: MultiThreadedEventLoopGroup.singleton, period: .milliseconds(1), hasAlarm: false) {
      _ in nil
    }
    var changes = poller.changes(of: "any").makeAsyncIterator()
    #expect(await changes.next() != nil)
  }

  @Test(
    "what happens in a file's directory brings the next look forward", .timeLimit(.minutes(10)),
    arguments: [false, true])
  func alarm(isSwitched: Bool) async throws {
    let directory = try TemporaryDirectory()
    for number in 1...2 { try directory.write("\(number)", to: "..data-\(number)") }
    try directory.link("..data", to: "..data-1")
    try directory.link("file", to: "..data")
    let poller = FilePoller(group: MultiThreadedEventLoopGroup.singleton, period: .seconds(86_400))
    var changes = poller.changes(of: directory.path + "/file").makeAsyncIterator()
    // Nobody tells the poller to look, and its own time is a day away: the first look comes with the watch.
    #expect(await changes.next() != nil)
    if isSwitched {
      try directory.link("..data-new", to: "..data-2")
      try directory.rename("..data-new", to: "..data")
    } else {
      try directory.write("3", to: "..data-1")
    }
    #expect(await changes.next() != nil)
  }
}
