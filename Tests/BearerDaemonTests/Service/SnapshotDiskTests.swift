import BearerConfiguration
import BearerJOSE
import BearerKeys
import BearerTestKit
import Dispatch
import Synchronization
import Testing

@testable import BearerDaemon

@Suite(.timeLimit(.minutes(10))) struct SnapshotDiskTests {
  private let log = CapturedLog()

  /// A disk that hangs until it is let go; a real one cannot be made to.
  private final class HangingDisk: Sendable {
    let written = Mutex<[String]>([])
    private let reached = AsyncStream<Void>.makeStream()
    private let letGo = DispatchSemaphore(value: 0)

    func write(_ snapshot: KeySnapshot, _ issuer: IssuerConfiguration, _ isHanging: Bool) {
      reached.continuation.yield()
      if isHanging { letGo.wait() }
      let kids = snapshot.keys.entries.compactMap(\.kid).joined()
      written.withLock { $0.append("\(issuer.name) \(kids)") }
    }

    func isReached() async { for await _ in reached.stream { break } }
    func recover() { letGo.signal() }
  }

  private static func set(_ number: Int) throws -> KeySnapshot {
    let keys = IssuerKeys(settings: RefreshSettings(), source: ScriptedKeySource())
    keys.restore(with: try AnswersFixture.fetched("k\(number)"), age: .zero)
    return try #require(keys.snapshot)
  }

  @Test("a disk that hangs holds up nobody, and then has the newest of each issuer")
  func hangs() async throws {
    let disk = HangingDisk()
    let writer = SnapshotDisk { [first = Atomic(true)] snapshot, issuer, _ in
      disk.write(snapshot, issuer, first.exchange(false, ordering: .relaxed))
    }
    let a = IssuerConfiguration(name: "a", url: "https://a.example")
    let b = IssuerConfiguration(name: "b", url: "https://b.example")
    writer.keep(try Self.set(1), of: a, logger: log.logger)
    await disk.isReached()
    // All of these return although the first is still being written.
    for number in 2...4 {
      writer.keep(try Self.set(number), of: a, logger: log.logger)
      writer.keep(try Self.set(number), of: b, logger: log.logger)
    }
    #expect(disk.written.withLock(\.self) == [])
    // Nor does it hold up the daemon's end, whose patience is bounded.
    let end = Task { await writer.settle() }
    end.cancel()
    await end.value
    disk.recover()
    await writer.settle()
    #expect(disk.written.withLock(\.self) == ["a k1", "a k4", "b k4"])
  }

  @Test("who reads gets what is there, and waits no longer than the deadline for a disk that hangs")
  func reads() async throws {
    let disk = HangingDisk()
    let writer = SnapshotDisk {
      disk.write($0, $1, true); _ = $2
    }
    #expect(writer.read(until: .distantFuture) { 7 } == 7)
    writer.keep(try Self.set(1), of: IssuerConfiguration(name: "a", url: "https://a.example"), logger: log.logger)
    await disk.isReached()
    #expect(writer.read(until: .now()) { 8 } == nil)
    disk.recover()
    #expect(writer.read(until: .distantFuture) { 9 } == 9)
  }

  @Test("a set that waits does not go because its issuer's name is another's now")
  func renamed() async throws {
    let disk = HangingDisk()
    let writer = SnapshotDisk { [first = Atomic(true)] snapshot, issuer, _ in
      disk.write(snapshot, issuer, first.exchange(false, ordering: .relaxed))
    }
    let (a, b) = ("https://a.example", "https://b.example")
    writer.keep(try Self.set(1), of: IssuerConfiguration(name: "c", url: "https://c.example"), logger: log.logger)
    await disk.isReached()
    writer.keep(try Self.set(2), of: IssuerConfiguration(name: "one", url: a), logger: log.logger)
    writer.keep(try Self.set(3), of: IssuerConfiguration(name: "two", url: b), logger: log.logger)
    writer.keep(try Self.set(4), of: IssuerConfiguration(name: "one", url: b), logger: log.logger)
    disk.recover()
    await writer.settle()
    #expect(disk.written.withLock(\.self) == ["c k1", "one k2", "one k4"])
  }

  @Test("there is nothing to wait for when nothing is kept")
  func idle() async {
    let writer = SnapshotDisk { _, _, _ in }
    await writer.settle()
  }
}
