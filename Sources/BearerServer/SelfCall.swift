internal import BearerThreads
internal import Glibc
internal import Synchronization

/// Sends the server one line and reads one line back, over a new connection, as a client would.
final class SelfCall: Sendable {
  /// How often it checks whether the caller still waits, in milliseconds.
  private static let step: CInt = 50
  /// More than any reply to a `ping` has.
  private static let longestReply = 4096

  private let isCancelled = Atomic(false)

  /// Sends a line and waits for the reply.
  ///
  /// A full queue of the listener means that the daemon is busy, not that it is dead. So the call is tried again; once
  /// another connection was accepted meanwhile, the daemon is known to work and the call ends.
  ///
  /// - Parameters:
  ///   - line: The line, with its LF.
  ///   - socket: The listener.
  ///   - accepted: How many connections the server has accepted so far.
  /// - Returns: The reply without its LF; nil if none is needed, or none can be had (``ListeningSocket/connect()``).
  /// - Throws: What kept it from connecting or reading; `CancellationError` when the task is cancelled.
  static func make(
    _ line: [UInt8], to socket: ListeningSocket, accepted: @escaping @Sendable () -> Int
  ) async throws -> [UInt8]? {
    let call = SelfCall()
    let wait = CancellableWait<[UInt8]?>()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        wait.begin(continuation)
        let status = DetachedThread.run("bearerd-probe") {
          wait.end(Result { try call.run(line, to: socket, accepted: accepted) })
        }
        if status != 0 {
          wait.end(.failure(ListenerFault.system(call: "pthread_create", path: "the daemon's own call", errno: status)))
        }
      }
    } onCancel: {
      call.isCancelled.store(true, ordering: .relaxed)
      wait.end(.failure(CancellationError()))
    }
  }

  private func run(_ line: [UInt8], to socket: ListeningSocket, accepted: () -> Int) throws -> [UInt8]? {
    let before = accepted()
    while true {
      let descriptor: CInt?
      do throws(ListenerFault) {
        descriptor = try socket.connect()
      } catch {
        guard error.errno == EAGAIN else { throw error }
        if accepted() != before { return nil }
        try pause()
        continue
      }
      guard let descriptor else { return nil }
      defer { close(descriptor) }
      return try exchange(line, through: descriptor)
    }
  }

  private func pause() throws {
    poll(nil, 0, Self.step)
    if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
  }

  private func exchange(_ line: [UInt8], through descriptor: CInt) throws -> [UInt8] {
    // A daemon with too many connections may have answered and closed already; its answer can be read all the same.
    guard send(descriptor, line, line.count, CInt(MSG_NOSIGNAL)) == line.count || errno == EPIPE else {
      throw ListenerFault.system(call: "send", path: "the daemon's own call", errno: errno)
    }
    var reply: [UInt8] = []
    var part = [UInt8](repeating: 0, count: Self.longestReply)
    while reply.count <= Self.longestReply {
      let count = recv(descriptor, &part, part.count, 0)
      if count > 0 {
        reply += part[..<count]
        if let end = reply.firstIndex(of: 0x0A) { return Array(reply[..<end]) }
      } else if count < 0, errno == EAGAIN {
        var readable = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&readable, 1, Self.step)
        if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
      } else if count == 0 || errno != EINTR {
        break
      }
    }
    throw ListenerFault.system(call: "recv", path: "the daemon's own call", errno: ECONNRESET)
  }
}
