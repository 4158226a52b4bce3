internal import CLinuxSockets
internal import Glibc

/// What one event loop waits for (epoll(7)).
struct Poller {
  /// What happened to the object that was registered under a number.
  struct Event {
    let number: UInt64
    let isReadable: Bool
    let isWritable: Bool
    /// The other end has ended its direction.
    let hasEnd: Bool
    /// The other end is gone, or the socket failed.
    let isGone: Bool
  }

  private static let eventsAtOnce = 128

  private let epoll: CInt
  private var events = [epoll_event](repeating: epoll_event(), count: Poller.eventsAtOnce)

  init() throws(ListenerFault) {
    epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw .system(call: "epoll_create1", path: "event loop", errno: errno) }
  }

  /// Frees the descriptor; nothing may be called afterwards.
  func close() {
    Glibc.close(epoll)
  }

  /// Watches a descriptor that is read until it would block.
  func add(reader descriptor: CInt, _ number: UInt64) -> Bool {
    bearerd_epoll_add_reader(epoll, descriptor, number) == 0
  }

  /// Watches a listener that other loops watch too.
  func add(listener descriptor: CInt, _ number: UInt64) -> Bool {
    bearerd_epoll_add_listener(epoll, descriptor, number) == 0
  }

  /// Watches a connection; each change is reported once.
  ///
  /// Room for sending is reported only after ``tellOfRoom(_:_:_:)``: it changes with every reply that the client reads,
  /// and each time would wake the loop for nothing.
  func add(connection descriptor: CInt, _ number: UInt64) -> Bool {
    bearerd_epoll_add_connection(epoll, descriptor, number, 0) == 0
  }

  /// Reports room for sending on a connection too, or no longer; what can be read is reported again.
  func tellOfRoom(_ isWanted: Bool, _ descriptor: CInt, _ number: UInt64) {
    bearerd_epoll_change_connection(epoll, descriptor, number, isWanted ? 1 : 0)
  }

  /// Stops watching a descriptor.
  func remove(_ descriptor: CInt) {
    bearerd_epoll_remove(epoll, descriptor)
  }

  /// Waits, at most this many milliseconds (-1: without end), and returns how many events there are.
  mutating func wait(milliseconds: CInt) -> Int {
    // If a signal ends the wait early, there are no events.
    Int(max(0, epoll_wait(epoll, &events, CInt(events.count), milliseconds)))
  }

  /// An event of the last wait.
  func event(_ index: Int) -> Event {
    let event = events[index]
    let flags = event.events
    return Event(
      number: event.data.u64, isReadable: flags & bearerd_epoll_in != 0, isWritable: flags & bearerd_epoll_out != 0,
      hasEnd: flags & bearerd_epoll_end_of_input != 0, isGone: flags & bearerd_epoll_gone != 0)
  }
}
