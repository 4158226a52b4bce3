// The life of a connection, without its socket.
//
//     open ──── the client ended its direction, or all that had come by the stop is read ───> ending ──> closed
//      │                                                                                        │
//      └──── a last answer was given ────> refused ── all sent ──> lingering ──> closed         │
//                                             ^                                                 │
//                                             └──────────── a last answer was given ────────────┘
//
// `ending` answers all that was received and closes. `refused` discards input instead of closing at once: a client in
// the middle of a write would get an error there and might never read the answer. So the sending direction is ended
// first, and the client has a little time to end its own (`lingering`).

/// Where a connection stands in its life, and what is to be done next.
struct ConnectionState: Equatable {
  enum Phase: Equatable {
    /// Lines are read and answered.
    case open
    /// Nothing more will come; what was received is answered, then the connection is closed.
    case ending
    /// The last answer was given; later input is discarded.
    case refused
    /// The last answer is sent and the sending direction ended; only the client's end is waited for.
    case lingering
    /// It is over.
    case closed
  }

  /// What a connection is to do once its turn is over.
  enum Step: Equatable {
    case nothing, endSending, close
  }

  private(set) var phase = Phase.open
  /// Whether a line was looked at; the first one tells whether the client speaks this protocol.
  private(set) var hasSeenFirstLine = false
  private var hasInputEnded = false
  /// Once the server stops: how many of the bytes that had arrived by then are still to be read.
  private var unreadAtDrain: Int?

  /// Whether lines are looked for in what was received.
  var takesLines: Bool { phase == .open || phase == .ending }

  /// Whether reading from the socket still makes sense.
  var reads: Bool { !hasInputEnded && phase != .closed }

  /// Whether it was told that the server stops.
  var isDraining: Bool { unreadAtDrain != nil }

  /// Bytes were read.
  mutating func received(_ count: Int) {
    guard let unread = unreadAtDrain else { return }
    unreadAtDrain = max(0, unread - count)
    if unread <= count { inputEnded() }
  }

  /// Nothing more will be read.
  mutating func inputEnded() {
    hasInputEnded = true
    if phase == .open { phase = .ending }
    if phase == .lingering { phase = .closed }
  }

  /// The server stops.
  ///
  /// - Parameter unread: How many bytes have arrived and were not read.
  mutating func drain(unread: Int) {
    guard unreadAtDrain == nil else { return }
    unreadAtDrain = unread
    if unread == 0, phase == .open { inputEnded() }
  }

  /// A line was looked at.
  mutating func sawLine() {
    hasSeenFirstLine = true
  }

  /// The answer that is the connection's last was given.
  mutating func gaveLastAnswer() {
    if takesLines { phase = .refused }
  }

  /// The connection is gone.
  mutating func close() {
    phase = .closed
  }

  /// A turn is over.
  ///
  /// - Parameters:
  ///   - isAllSaid: Whether every reply is known and sent.
  ///   - hasMore: Whether lines were received that are not answered yet.
  /// - Returns: What to do now.
  mutating func settle(isAllSaid: Bool, hasMore: Bool) -> Step {
    switch phase {
    case .open, .lingering: return .nothing
    case .closed: return .close
    case .ending:
      guard isAllSaid, !hasMore else { return .nothing }
      phase = .closed
      return .close
    case .refused:
      guard isAllSaid else { return .nothing }
      phase = hasInputEnded ? .closed : .lingering
      return hasInputEnded ? .close : .endSending
    }
  }
}
