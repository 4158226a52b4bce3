import BearerSocketKit
import Foundation
import Glibc
import Testing

/// Runs something that blocks on a thread of its own, so that the tasks of the code under test are never held up.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: body()) }
  }
}

/// A listening socket, or one that only was bound when `backlog` is nil.
func bound(_ path: String, backlog: CInt?) -> CInt {
  let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
  UnixSocket.bind(descriptor, to: path)
  if let backlog { listen(descriptor, backlog) }
  return descriptor
}

/// A client without manners or library: a connected socket.
///
/// A server that is silent for ten minutes where it should have answered or closed is a failure, and not a test without end.
final class RawClient: @unchecked Sendable {
  let descriptor: CInt
  // Safe because a test uses a client from one task at a time, and that task waits for each call.
  private var received: [UInt8] = []
  private var waitedInVain = false

  /// Connects; nil if nobody answers.
  ///
  /// - Parameters:
  ///   - path: Where the server is.
  ///   - socket: The socket; a new one if there is none.
  ///   - waits: Whether to wait for a place in the listener's queue.
  init?(_ path: String, on socket: CInt? = nil, waits: Bool = true) {
    descriptor =
      socket ?? Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | (waits ? 0 : CInt(SOCK_NONBLOCK.rawValue)), 0)
    guard UnixSocket.connect(descriptor, to: path) == 0 else {
      close()
      return nil
    }
    if !waits { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK) }
    var patience = timeval(tv_sec: 600, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  func close() {
    Glibc.close(descriptor)
  }

  func closeWriting() {
    shutdown(descriptor, CInt(SHUT_WR))
  }

  /// Writes all of it; false if the other end does not take it any more.
  @discardableResult
  func send(_ text: String) async -> Bool {
    await send(Array(text.utf8))
  }

  @discardableResult
  func send(_ bytes: [UInt8]) async -> Bool {
    let isSent = await blocking { [self] in
      var sent = 0
      while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes {
          Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
        }
        if count < 0, errno == EAGAIN { waitedInVain = true }
        if count <= 0 { return false }
        sent += count
      }
      return true
    }
    tellOfSilence()
    return isSent
  }

  /// Writes text in one piece, with a descriptor sent along (`SCM_RIGHTS`, unix(7)).
  func send(_ text: String, with passed: CInt) -> Bool {
    var text = Array(text.utf8)
    let length = text.count
    // A cmsghdr of 16 bytes, and the descriptor.
    var control = [UInt64](repeating: 0, count: 3)
    return text.withUnsafeMutableBytes { text in
      control.withUnsafeMutableBytes { control in
        control.storeBytes(of: 20, as: Int.self)
        control.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: CInt.self)
        control.storeBytes(of: CInt(SCM_RIGHTS), toByteOffset: 12, as: CInt.self)
        control.storeBytes(of: passed, toByteOffset: 16, as: CInt.self)
        var part = iovec(iov_base: text.baseAddress, iov_len: text.count)
        return withUnsafeMutablePointer(to: &part) { part in
          var message = msghdr()
          message.msg_iov = part
          message.msg_iovlen = 1
          message.msg_control = control.baseAddress
          message.msg_controllen = control.count
          return sendmsg(descriptor, &message, CInt(MSG_NOSIGNAL)) == length
        }
      }
    }
  }

  /// Sends a line, and reads until the end; for a thread that may block.
  func askAndRead(_ line: String) -> String {
    let bytes = Array(line.utf8)
    guard Glibc.send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else { return "not sent" }
    closeWriting()
    while readMore() {}
    return waitedInVain ? "silence" : String(decoding: received, as: UTF8.self)
  }

  /// Writes as much as the kernel takes without waiting.
  func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
    let count = bytes.withUnsafeBytes {
      Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
    }
    return max(0, count)
  }

  /// The next line, without LF; nil at the end.
  func line() async -> String? {
    defer { tellOfSilence() }
    return await blocking { [self] in
      while true {
        if let end = received.firstIndex(of: 0x0A) {
          defer { received.removeSubrange(...end) }
          return String(decoding: received[..<end], as: UTF8.self)
        }
        if !readMore() { return nil }
      }
    }
  }

  /// Everything up to the end, as lines.
  func rest() async -> [String] {
    defer { tellOfSilence() }
    return await blocking { [self] in
      while readMore() {}
      defer { received = [] }
      return received.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  private func readMore() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EAGAIN { waitedInVain = true }
    guard count > 0 else { return false }
    received += buffer[..<count]
    return true
  }

  /// Silence is not the end, for which a caller would take it.
  private func tellOfSilence() {
    if waitedInVain { Issue.record("the server did nothing for ten minutes") }
    waitedInVain = false
  }
}
