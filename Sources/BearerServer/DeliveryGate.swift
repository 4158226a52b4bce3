internal import NIOCore
internal import Synchronization

/// Brings deferred replies from any thread to their connection's event loop while the connection lives.
///
/// A reply may come at any time, even after the event loops are gone. The flag is read and the hand-over made under one
/// lock, so that nothing is handed to a loop after its connection has closed the gate, on that loop.
final class DeliveryGate: Sendable {
  private let isOpen = Mutex(true)
  private let eventLoop: any EventLoop
  private let connection: NIOLoopBound<Connection>

  init(_ connection: Connection, eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
    self.connection = NIOLoopBound(connection, eventLoop: eventLoop)
  }

  func deliver(_ reply: [UInt8], for ticket: ReplyQueue.Ticket) {
    isOpen.withLock { isOpen in
      guard isOpen else { return }
      eventLoop.execute { [connection] in connection.value.deliver(reply, for: ticket) }
    }
  }

  func close() {
    isOpen.withLock { $0 = false }
  }
}
