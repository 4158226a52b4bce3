import Dispatch
import Glibc
import Synchronization
import Testing

@testable import BearerServer

/// The watchdog's question, put to a listener whose queue is full: connect(2) fails with EAGAIN, as in a storm of
/// connects that a sound daemon works off.
@Suite("The daemon's call to itself, at a full queue", .timeLimit(.minutes(10)))
struct SelfCallTests {
  /// A listener with as many clients in its queue as it has room for.
  private final class FullListener: Sendable {
    let socket: ListeningSocket
    private let path = RunningServer.freePath()
    private let clients: [RawClient]

    init() throws {
      let descriptor = bound(path, backlog: 2)
      var clients: [RawClient] = []
      while let client = RawClient(path, waits: false) { clients.append(client) }
      self.clients = clients
      #expect(clients.count == 3)
      socket = try ListeningSocket(inherited: descriptor)
    }

    /// Accepts all who wait.
    func empty() {
      while true {
        let accepted = accept(socket.descriptor, nil, nil)
        guard accepted >= 0 else { return }
        close(accepted)
      }
    }

    /// Accepts the next client, and answers its line with another one.
    func answer(_ reply: String) -> String {
      var waiting = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
      poll(&waiting, 1, -1)
      let accepted = accept(socket.descriptor, nil, nil)
      defer { close(accepted) }
      var line = [UInt8](repeating: 0, count: 100)
      let count = recv(accepted, &line, line.count, 0)
      send(accepted, reply, reply.utf8.count, CInt(MSG_NOSIGNAL))
      return String(decoding: line.prefix(max(0, count)), as: UTF8.self)
    }

    func end() {
      for client in clients { client.close() }
      close(socket.descriptor)
      unlink(path)
    }
  }

  @Test("from which others are accepted meanwhile: the daemon is busy, and there is nothing to be found out")
  func busy() async throws {
    let listener = try FullListener()
    defer { listener.end() }
    // One more is accepted between the third look and the fourth.
    let looks = Mutex(0)
    let reply = try await SelfCall.make(Array("ping\n".utf8), to: listener.socket) {
      looks.withLock { looks in
        looks += 1
        return looks < 4 ? 7 : 8
      }
    }
    #expect(reply == nil)
    #expect(looks.withLock(\.self) == 4)
  }

  @Test("that empties meanwhile: the question is put after all")
  func emptied() async throws {
    let listener = try FullListener()
    defer { listener.end() }
    let looks = Mutex(0)
    let isEmpty = DispatchSemaphore(value: 0)
    async let line = blocking {
      isEmpty.wait()
      return listener.answer("pong\n")
    }
    let reply = try await SelfCall.make(Array("ping\n".utf8), to: listener.socket) {
      // The second look comes when the queue was found full.
      let isSecond = looks.withLock { looks in
        looks += 1
        return looks == 2
      }
      if isSecond {
        listener.empty()
        isEmpty.signal()
      }
      return 7
    }
    #expect(reply.map { String(decoding: $0, as: UTF8.self) } == "pong")
    #expect(await line == "ping\n")
  }

  @Test("from which nobody is accepted: it goes on until the watchdog's patience ends, as for a daemon that is stuck")
  func stuck() async throws {
    let listener = try FullListener()
    defer { listener.end() }
    let (looks, looked) = AsyncStream.makeStream(of: Void.self)
    let call = Task {
      try await SelfCall.make(Array("ping\n".utf8), to: listener.socket) {
        looked.yield()
        return 7
      }
    }
    var each = looks.makeAsyncIterator()
    for _ in 0..<3 { await each.next() }
    call.cancel()
    await #expect(throws: CancellationError.self) { try await call.value }
  }
}
