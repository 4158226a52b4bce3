import Dispatch
import Synchronization
import Testing

@testable import BearerFetch

/// Names whose server is silent, beside others.
@Suite(.timeLimit(.minutes(10))) struct NameResolverTests {
  /// A name server that answers `dead…` only when the test says so.
  private final class Server: Sendable {
    let asked = Mutex<[String: Int]>([:])
    private let release = DispatchSemaphore(value: 0)
    private let asks: AsyncStream<String>
    private let ask: AsyncStream<String>.Continuation

    init() { (asks, ask) = AsyncStream.makeStream() }

    func lookUp(_ name: String) -> [String] {
      asked.withLock { $0[name, default: 0] += 1 }
      ask.yield(name)
      if name.hasPrefix("dead") { release.wait() }
      return ["192.0.2.1", "2001:db8::1"]
    }

    /// Waits until so many look-ups have begun.
    func awaitLookUps(_ count: Int) async {
      var left = count
      for await _ in asks {
        left -= 1
        if left == 0 { return }
      }
    }

    func answer(_ count: Int) { for _ in 0..<count { release.signal() } }
  }

  /// Asks for names that nobody answers, and gives up once they are being looked up.
  private func giveUp(_ names: [String], _ resolver: NameResolver, _ server: Server) async {
    await withTaskGroup(of: Void.self) { group in
      for name in names { group.addTask { #expect(await resolver.addresses(of: name) == nil) } }
      await server.awaitLookUps(names.count)
      group.cancelAll()
    }
  }

  @Test("names that nobody answers hold up no other, however often they are asked for")
  func deadNames() async {
    let server = Server()
    let resolver = NameResolver(threads: 4) { server.lookUp($0) }
    await giveUp(["dead1", "dead2", "dead3", "dead4"], resolver, server)
    #expect(await resolver.addresses(of: "good") == ["192.0.2.1", "2001:db8::1"])
    // Each joins the look-up that still runs, and takes no thread.
    for name in ["dead1", "dead2", "dead3", "dead4"] {
      let asks = Task { await resolver.addresses(of: name) }
      asks.cancel()
      #expect(await asks.value == nil)
    }
    #expect(await resolver.addresses(of: "good") == ["192.0.2.1", "2001:db8::1"])
    #expect(server.asked.withLock(\.self) == ["dead1": 1, "dead2": 1, "dead3": 1, "dead4": 1, "good": 2])
    server.answer(4)
  }

  @Test("one look-up serves all who ask for the name meanwhile")
  func shared() async {
    let server = Server()
    let resolver = NameResolver { server.lookUp($0) }
    let first = Task { await resolver.addresses(of: "dead") }
    await server.awaitLookUps(1)
    // Begun here and now, so that they join the look-up.
    let others = (0..<10).map { _ in Task.immediate { await resolver.addresses(of: "dead") } }
    server.answer(1)
    for task in others + [first] { #expect(await task.value == ["192.0.2.1", "2001:db8::1"]) }
    #expect(server.asked.withLock(\.self) == ["dead": 1])
  }

  @Test("the address that answered last time is tried first")
  func preferred() async {
    let resolver = NameResolver { _ in ["192.0.2.1", "2001:db8::1"] }
    resolver.prefer("2001:db8::1", for: "name")
    #expect(await resolver.addresses(of: "name") == ["2001:db8::1", "192.0.2.1"])
    #expect(await resolver.addresses(of: "other") == ["192.0.2.1", "2001:db8::1"])
  }

  @Test("the system knows localhost, and that .invalid has no address")
  func system() async {
    let resolver = NameResolver()
    #expect(await resolver.addresses(of: "localhost")?.contains("127.0.0.1") == true)
    #expect(await resolver.addresses(of: "bearerd.invalid") == [])
  }
}
