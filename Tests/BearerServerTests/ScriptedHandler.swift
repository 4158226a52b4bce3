import BearerServer
import Synchronization

/// A handler that does what each line says: `free X`, `order X`, `all X` are answered with X in that order, `defer free K`
/// and the like once the test delivers K, `no object` is no JSON object, `big N` with N bytes, `peer` with the caller's uid, `loop` with what tells one event loop from another,
/// `spin` takes 600 microseconds and is not answered.
final class ScriptedHandler: LineHandler {
  let book: DeferredBook

  init(book: DeferredBook) {
    self.book = book
  }

  func handle(_ line: Span<UInt8>, from peer: Peer, into reply: inout [UInt8]) -> LineOutcome {
    var bytes: [UInt8] = []
    for index in line.indices { bytes.append(line[index]) }
    book.handled(bytes)
    let words = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 2).map(String.init)
    switch words.first {
    case "defer" where words.count == 3:
      return .deferred(order(words[1]), book.reply(words[2]))
    case "no":
      reply += Array("no object\n".utf8)
      return .notAnObject
    case "big" where words.count == 2:
      reply += [UInt8](repeating: UInt8(ascii: "x"), count: Int(words[1]) ?? 0) + [0x0A]
      return .answered(.inOrder)
    case "spin":
      // Keeps the event loop for longer than a turn may last.
      let end = ContinuousClock.now + .microseconds(600)
      while ContinuousClock.now < end {}
      return .answered(.inOrder)
    case "loop":
      reply += Array("\(UInt(bitPattern: ObjectIdentifier(self).hashValue))\n".utf8)
      return .answered(.inOrder)
    case "peer":
      reply += Array("\(peer.uid) \(peer.pid)\n".utf8)
      return .answered(.inOrder)
    case let word? where ["free", "order", "all"].contains(word):
      reply += Array(words.dropFirst().joined(separator: " ").utf8) + [0x0A]
      return .answered(order(word))
    default:
      reply += Array("?\(bytes.count)\n".utf8)
      return .answered(.inOrder)
    }
  }

  func refuse(_ fault: FramingFault, from peer: Peer, into reply: inout [UInt8]) {
    reply += Array("!\(fault)\n".utf8)
  }

  private func order(_ word: String) -> ReplyOrder {
    switch word {
    case "free": .free
    case "all": .afterAll
    default: .inOrder
    }
  }
}

/// Holds the deferred replies of a test, and what became of them.
final class DeferredBook: LineHandlerFactory {
  enum Event: Hashable, Sendable {
    case started(String), cancelled(String), shutDown(String), handled(String)
  }

  private struct State {
    var wakeUps: [String: @Sendable () -> Void] = [:]
    var delivered: Set<String> = []
    var events: Set<Event> = []
    var waiters: [(Event, CheckedContinuation<Void, Never>)] = []
    var handledLines = 0
    var resumedReplies = 0
  }

  private let state = Mutex(State())

  func makeHandler() -> any LineHandler { ScriptedHandler(book: self) }

  func reply(_ key: String) -> Reply { Reply(key: key, book: self) }

  /// Answers a deferred line with its key.
  func deliver(_ key: String) {
    let wakeUp = state.withLock { state in
      state.delivered.insert(key)
      return state.wakeUps[key]
    }
    wakeUp?()
  }

  /// Waits until something has happened.
  func happened(_ event: Event) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.events.contains(event) { return true }
        state.waiters.append((event, continuation))
        return false
      }
      if isThere { continuation.resume() }
    }
  }

  func has(_ event: Event) -> Bool { state.withLock { $0.events.contains(event) } }

  var handledLines: Int { state.withLock { $0.handledLines } }

  /// How many deferred replies were made.
  var resumedReplies: Int { state.withLock { $0.resumedReplies } }

  func handled(_ line: [UInt8]) {
    state.withLock { $0.handledLines += 1 }
    if line.count < 64 { note(.handled(String(decoding: line, as: UTF8.self))) }
  }

  func note(_ event: Event) {
    let waiters = state.withLock { state in
      state.events.insert(event)
      let ready = state.waiters.filter { $0.0 == event }
      state.waiters.removeAll { $0.0 == event }
      return ready
    }
    for waiter in waiters { waiter.1.resume() }
  }

  final class Reply: DeferredReply {
    let key: String
    let book: DeferredBook

    /// `uncounted` stands for one that something else bounds.
    var countsInFlight: Bool { !key.hasPrefix("uncounted") && !holdsBackReading }

    /// `full` stands for one that waits without room.
    var holdsBackReading: Bool { key.hasPrefix("full") }

    init(key: String, book: DeferredBook) {
      self.key = key
      self.book = book
    }

    func start(_ wakeUp: @escaping @Sendable () -> Void) {
      book.state.withLock { $0.wakeUps[key] = wakeUp }
      book.note(.started(key))
    }

    func resume(into reply: inout [UInt8]) -> Bool {
      let isThere = book.state.withLock { state in
        if state.delivered.contains(key) { state.resumedReplies += 1 }
        return state.delivered.contains(key)
      }
      guard isThere else { return false }
      reply += Array("\(key)\n".utf8)
      return true
    }

    func shutDown(into reply: inout [UInt8]) {
      book.note(.shutDown(key))
      reply += Array("stopped \(key)\n".utf8)
    }

    func cancel() { book.note(.cancelled(key)) }
  }
}
