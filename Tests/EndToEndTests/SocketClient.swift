import BearerSocketKit
import Foundation

/// How long a step may take before the test gives up; a bound on failing tests, on which no passing one rests.
let patience: TimeInterval = 300

/// A client of the daemon's socket: writes bytes, reads lines, on one thread.
final class SocketClient {
  private let descriptor: CInt
  private var received: [UInt8] = []
  private var isOpen = true

  /// Connects; nil if nobody answers at `path`.
  init?(_ path: String) {
    descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    if UnixSocket.connect(descriptor, to: path) != 0 {
      close()
      return nil
    }
    var limit = timeval(tv_sec: Int(patience), tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  deinit { close() }

  func close() {
    if isOpen { Foundation.close(descriptor) }
    isOpen = false
  }

  func closeWriting() { shutdown(descriptor, CInt(SHUT_WR)) }

  /// Writes all of it; what a closed connection does not take any more is given up, for its reply is what counts.
  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// The next line without its LF; nil if the connection ends, or nothing comes.
  func line() -> String? {
    while true {
      if let end = received.firstIndex(of: 0x0A) {
        defer { received.removeFirst(end + 1) }
        return String(decoding: received[..<end], as: UTF8.self)
      }
      guard receive() > 0 else { return nil }
    }
  }

  /// What came before the other end closed the connection; nil if it does not close it.
  func rest() -> String? {
    var count = 1
    while count > 0 { count = receive() }
    // A reset is an end too: the daemon closed while it had bytes from here that it did not want.
    return count == 0 || errno == ECONNRESET ? String(decoding: received, as: UTF8.self) : nil
  }

  private func receive() -> Int {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    if count > 0 { received += chunk[..<count] }
    return count
  }
}
