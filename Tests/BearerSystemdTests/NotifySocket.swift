import BearerSocketKit
import Foundation
import Glibc

/// A datagram socket that stands where the service manager's would, named by NOTIFY_SOCKET.
final class NotifySocket {
  private let descriptor: CInt
  private let path = "/tmp/bn-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"

  init() {
    descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
    UnixSocket.bind(descriptor, to: path)
    setenv("NOTIFY_SOCKET", path, 1)
  }

  /// Takes the socket away, but leaves its name in the environment.
  func remove() {
    close(descriptor)
    unlink(path)
  }

  func end() {
    unsetenv("NOTIFY_SOCKET")
    remove()
  }

  /// The next datagram's lines; nil if none is there.
  func received() -> [String]? {
    Self.receive(descriptor, flags: CInt(MSG_DONTWAIT))
  }

  /// The next datagram's lines, once there is one.
  func next() async -> [String]? {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { [descriptor] in
        continuation.resume(returning: Self.receive(descriptor, flags: 0))
      }
    }
  }

  private static func receive(_ descriptor: CInt, flags: CInt) -> [String]? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &buffer, buffer.count, flags)
    guard count >= 0 else { return nil }
    return String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
