/// Turns request lines into reply lines; one per event loop, used on that loop only.
package protocol LineHandler: AnyObject {
  /// Handles one line, without its LF and without a CR before it; never empty.
  ///
  /// - Parameters:
  ///   - line: The line's bytes, valid during the call.
  ///   - peer: Who sent it.
  ///   - reply: Where to append the reply line, LF included. Nothing that is there may be changed.
  /// - Returns: Whether the reply was appended, and its place among the others.
  func handle(_ line: Span<UInt8>, from peer: Peer, into reply: inout [UInt8]) -> LineOutcome

  /// Appends the reply line, LF included, to input that the framing refused.
  func refuse(_ fault: FramingFault, from peer: Peer, into reply: inout [UInt8])
}

/// Makes the handler of each event loop.
package protocol LineHandlerFactory: Sendable {
  /// A handler of its own for one event loop; called on it.
  func makeHandler() -> any LineHandler
}

/// When a reply may be sent, relative to the replies of earlier lines of its connection.
package enum ReplyOrder: Equatable, Sendable {
  /// As soon as it is there: the request had an `id`.
  case free
  /// After the replies of all earlier requests without `id`, and of earlier lines that may have been such
  /// (``afterAll``).
  case inOrder
  /// After the replies of all earlier lines: it is unknown which request it answers.
  case afterAll
}

/// What became of a line.
package enum LineOutcome {
  /// The reply, with its LF, was appended.
  case answered(ReplyOrder)
  /// The line is no JSON object; the reply that says so was appended, and comes after those to all earlier lines.
  ///
  /// If it is the connection's first line, it is also the last.
  case notAnObject
  /// Nothing was appended; the reply follows later.
  case deferred(ReplyOrder, any DeferredReply)
}

/// Why the framing refuses input; the handler writes the reply.
package enum FramingFault: Equatable, Sendable {
  /// A line longer than `limits.line_bytes`; it is discarded up to its LF and the connection goes on.
  case lineTooLong
  /// A line passed 1 MiB; the connection is closed after the answer.
  case lineFarTooLong
  /// The first bytes are those of HTTP or TLS; the connection is closed after the answer.
  case notThisProtocol
  /// A line was begun and not ended within `limits.partial_line_timeout`; the connection is closed after the answer.
  case partialLineTimeout
  /// The connection is one too many, in all or of this user; it is closed after the answer.
  case tooManyConnections
}
