import BearerSocketKit
import Foundation
import Glibc
import Testing

/// A socket whose other end the test plays line by line.
///
/// A client that does nothing for ten minutes is a failure, and not a test without end.
final class FakeDaemon: Sendable {
  let path = "/tmp/bc-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
  private let descriptor: CInt

  init() {
    descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    UnixSocket.bind(descriptor, to: path)
    listen(descriptor, 16)
    Self.waitForAMinute(descriptor)
  }

  private static func waitForAMinute(_ descriptor: CInt) {
    var patience = timeval(tv_sec: 600, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  func end() {
    close(descriptor)
    unlink(path)
  }

  /// The next client that connects.
  func accept() async -> Caller {
    let accepted = await blocking { [descriptor] in Glibc.accept(descriptor, nil, nil) }
    if accepted < 0 { Issue.record("no client came") }
    Self.waitForAMinute(accepted)
    return Caller(descriptor: accepted)
  }

  /// The daemon's end of a connection.
  final class Caller: @unchecked Sendable {
    private let descriptor: CInt
    // Safe because the test uses a caller from one task at a time.
    private var received: [UInt8] = []
    private var waitedInVain = false

    init(descriptor: CInt) { self.descriptor = descriptor }

    /// The next request line; nil once the client has closed.
    func line() async -> String? {
      defer {
        // Silence is not the end, for which a caller would take it.
        if waitedInVain { Issue.record("the client did nothing for ten minutes") }
        waitedInVain = false
      }
      return await blocking { [self] in
        while true {
          if let end = received.firstIndex(of: 0x0A) {
            defer { received.removeSubrange(...end) }
            return String(decoding: received[..<end], as: UTF8.self)
          }
          var buffer = [UInt8](repeating: 0, count: 65536)
          let count = read(descriptor, &buffer, buffer.count)
          if count < 0, errno == EAGAIN { waitedInVain = true }
          guard count > 0 else { return nil }
          received += buffer[..<count]
        }
      }
    }

    func send(_ text: String) async {
      await blocking { [descriptor] in
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
          let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
          if count <= 0 { return }
          rest = rest.dropFirst(count)
        }
      }
    }

    func close() { Glibc.close(descriptor) }
  }
}

/// Runs something that blocks on a thread of its own, so that the tasks of the code under test are never held up.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: body()) }
  }
}
