internal import CLinuxSockets
internal import Glibc
internal import Synchronization

/// Messages of other threads to an event loop; the first of those that wait rings the bell.
final class Mailbox: Sendable {
  enum Message: Sendable {
    /// Serve this connection.
    case adopt(AcceptedConnection)
    /// A deferred reply of a connection may be ready.
    case wake(Connection, ReplyQueue.Ticket)
    /// Run this on the loop.
    case run(@Sendable (ServerLoop) -> Void)
  }

  private struct State {
    var messages: [Message] = []
    var isOpen = true
  }

  /// Readable while there are messages (eventfd(2)).
  let bell: CInt
  private let state = Mutex(State())

  init() throws(ListenerFault) {
    bell = bearerd_eventfd()
    guard bell >= 0 else { throw .system(call: "eventfd", path: "event loop", errno: errno) }
  }

  deinit {
    close(bell)
  }

  /// Leaves a message.
  ///
  /// - Returns: Whether it will be read; false once the loop has ended.
  @discardableResult
  func post(_ message: Message) -> Bool {
    let (isTaken, isFirst) = state.withLock { state in
      guard state.isOpen else { return (false, false) }
      state.messages.append(message)
      return (true, state.messages.count == 1)
    }
    if isFirst { eventfd_write(bell, 1) }
    return isTaken
  }

  /// All messages, on the loop.
  func take() -> [Message] {
    var rung: eventfd_t = 0
    // It fails only if the bell has not rung.
    eventfd_read(bell, &rung)
    return state.withLock { state in
      defer { state.messages = [] }
      return state.messages
    }
  }

  /// Takes no more messages; returns the unread ones.
  func shut() -> [Message] {
    state.withLock { state in
      state.isOpen = false
      defer { state.messages = [] }
      return state.messages
    }
  }
}

/// A connection that was accepted, on its way to the loop that will serve it.
struct AcceptedConnection: Sendable {
  let descriptor: CInt
  let peer: Peer
  /// Whether it is within the limits; if not, the client gets `too_many_connections` and is closed.
  let isAdmitted: Bool
}
