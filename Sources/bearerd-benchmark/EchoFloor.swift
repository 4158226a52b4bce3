import BearerServer
import BearerThreads
import CLinuxSockets
import Glibc

/// The least that a server on a Unix socket can do: wait, read, write a reply of fixed size for each line (epoll(7)).
///
/// It bounds nothing, checks nothing, and trusts the benchmark's client to read what it is sent.
final class EchoFloor: @unchecked Sendable {
  // Safe because everything is made before the thread starts, and used on it only.

  private let listener: CInt
  private let epoll: CInt
  private let reply: [UInt8]

  /// Listens at a path, on a thread of its own that ends with the process.
  init(path: String, replyBytes: Int) throws {
    reply = [UInt8](repeating: UInt8(ascii: "x"), count: replyBytes - 1) + [0x0A]
    let listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    guard listener >= 0, SocketAddress(path: path).bind(listener) == 0, listen(listener, 1024) == 0 else {
      throw SocketBenchmark.Interrupted()
    }
    self.listener = listener
    epoll = epoll_create1(0)
    bearerd_epoll_add_reader(epoll, listener, UInt64(listener))
    guard DetachedThread.run("echo", { self.run() }) == 0 else { throw SocketBenchmark.Interrupted() }
  }

  private func run() {
    var events = [epoll_event](repeating: epoll_event(), count: 128)
    var input = [UInt8](repeating: 0, count: 65536)
    var output: [UInt8] = []
    while true {
      let count = Int(max(0, epoll_wait(epoll, &events, CInt(events.count), -1)))
      for event in events[..<count] {
        let descriptor = CInt(event.data.u64)
        if descriptor == listener {
          let client = accept(listener, nil, nil)
          bearerd_epoll_add_reader(epoll, client, UInt64(client))
          continue
        }
        let received = read(descriptor, &input, input.count)
        if received <= 0 {
          close(descriptor)
          continue
        }
        output.removeAll(keepingCapacity: true)
        for _ in 0..<SocketBenchmark.lineFeeds(in: input, received) { output += reply }
        _ = send(descriptor, output, output.count, CInt(MSG_NOSIGNAL))
      }
    }
  }
}
