import BearerSocketKit
import Foundation
import Glibc
import Synchronization

/// A socket at which somebody listens and answers pings as told; any other request is answered after so many pings.
final class QuietDaemon: Sendable {
  /// The reply to what is no ping, once it comes.
  static let lateReply = #"{"id":1,"ok":true,"late":true}"#

  let path: String
  private let directory: ShortDirectory
  private let listener: CInt
  private let pings: Int
  private let connections = Mutex<[CInt]>([])
  private let requests = Mutex<[String]>([])
  private let seen = Mutex(0)
  private let enough = DispatchSemaphore(value: 0)

  /// Listens; with no number of pings, nothing is ever accepted, read or answered, as by a process that is stopped.
  init(answeringAfter pings: Int?) throws {
    directory = try ShortDirectory()
    path = directory.file("b.sock")
    self.pings = pings ?? 0
    listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    guard UnixSocket.bind(listener, to: path) == 0, listen(listener, 16) == 0 else {
      throw POSIXError(.init(rawValue: errno) ?? .EIO)
    }
    if pings == 0 { enough.signal() }
    if pings != nil { Thread.detachNewThread { self.accept() } }
  }

  /// The requests that were read and are no pings.
  var questions: [String] { requests.withLock { $0 } }

  /// Closes every socket.
  func end() {
    shutdown(listener, CInt(SHUT_RDWR))
    close(listener)
    connections.withLock { $0.forEach { _ = shutdown($0, CInt(SHUT_RDWR)) } }
    enough.signal()
  }

  private func accept() {
    while true {
      let connection = Glibc.accept(listener, nil, nil)
      guard connection >= 0 else { return }
      connections.withLock { $0.append(connection) }
      Thread.detachNewThread { self.serve(connection) }
    }
  }

  private func serve(_ descriptor: CInt) {
    let connection = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
    defer {
      // Taken off the list first: once closed, the number may be that of another test's socket.
      connections.withLock { $0.removeAll { $0 == descriptor } }
      close(descriptor)
    }
    while true {
      let line = connection.availableData
      guard !line.isEmpty else { return }
      let text = String(decoding: line, as: UTF8.self)
      if text.contains(#""op":"ping""#) {
        let seen = seen.withLock { seen in
          seen += 1
          return seen
        }
        try? connection.write(contentsOf: Data(#"{"id":1,"ok":true}"#.utf8 + [0x0A]))
        if seen == pings { enough.signal() }
      } else {
        requests.withLock { $0.append(text) }
        enough.wait()
        try? connection.write(contentsOf: Data("\(Self.lateReply)\n".utf8))
      }
    }
  }
}
