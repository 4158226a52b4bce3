internal import BearerFraming
internal import BearerJSON
internal import NIOCore

/// The client's end of a connection: gives every request an id and finds the request of every reply by it.
///
/// A reply whose `id` is null belongs to a line that the daemon could not read, and comes after the replies to all
/// earlier lines (`protocol.md`, "Framing"): so it answers the oldest request without a reply. If there is none, as when
/// the daemon has too many connections, the next request gets it.
final class ClientChannelHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private struct Waiting {
    let line: [UInt8]
    let id: Int64
    let promise: EventLoopPromise<JSONObject>
  }

  private var context: ChannelHandlerContext?
  private var framer = LineFramer(maximumLineBytes: BearerClient.maximumReplyBytes)
  private var nextID: Int64 = 1
  /// The requests that were sent and have no reply yet, also those for which nobody waits any more.
  private var inFlight: [Int64: EventLoopPromise<JSONObject>] = [:]
  private var waiting = CircularBuffer<Waiting>()
  private var unclaimed: JSONObject?
  private var end: ClientError?
  private var onEndBody: (() -> Void)?

  /// Has something called when the connection has ended, at once if it has already.
  func onEnd(_ body: @escaping () -> Void) {
    if end != nil { body() } else { onEndBody = body }
  }

  /// Sends a request, or keeps it until earlier ones are answered.
  func request(_ members: JSONObject, _ promise: EventLoopPromise<JSONObject>) {
    if let unclaimed {
      self.unclaimed = nil
      return promise.succeed(unclaimed)
    }
    guard end == nil, let context else { return promise.fail(end ?? .closed) }
    let id = nextID
    nextID += 1
    let line = JSONValue.object(JSONObject([.init(name: "id", value: .number(JSONNumber(id)))] + members.members))
    let request = Waiting(line: line.serialized() + [0x0A], id: id, promise: promise)
    guard inFlight.count < BearerClient.maximumInFlight else { return waiting.append(request) }
    send(request, context)
    context.flush()
  }

  /// Does not send a request any more for whose reply nobody waits.
  ///
  /// If it was sent its id stays, so that the late reply is known for what it is and goes to nobody: its promise is
  /// fulfilled already.
  func forget(_ reply: EventLoopFuture<JSONObject>) {
    waiting.removeAll { $0.promise.futureResult === reply }
  }

  /// Closes the connection; whoever waits is told.
  func close() {
    finish(.closed)
  }

  private func send(_ request: Waiting, _ context: ChannelHandlerContext) {
    inFlight[request.id] = request.promise
    context.write(wrapOutboundOut(context.channel.allocator.buffer(bytes: request.line)), promise: nil)
  }

  private func finish(_ error: ClientError) {
    guard end == nil else { return }
    end = error
    let abandoned = inFlight.values + waiting.map(\.promise)
    inFlight = [:]
    waiting = []
    context?.close(promise: nil)
    onEndBody?()
    onEndBody = nil
    for promise in abandoned { promise.fail(error) }
  }

  // MARK: Events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    finish(.closed)
  }

  func channelInactive(context: ChannelHandlerContext) {
    finish(.closed)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A reset is how a full close shows that came while requests were under way; what was read is dealt with by then.
    finish(.closed)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    unwrapInboundIn(data).withUnsafeReadableBytes { framer.append($0) }
    while end == nil {
      switch framer.next() {
      case .needsMore: return
      case .tooLong, .farTooLong: finish(.replyTooLong)
      case .line(let range):
        receive(Array(framer.bytes[range]))
      }
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    while inFlight.count < BearerClient.maximumInFlight, let request = waiting.popFirst() { send(request, context) }
    context.flush()
  }

  private func receive(_ line: [UInt8]) {
    // A daemon that sends anything else is none that can be talked to, so what is wrong with the line does not matter.
    guard let value = try? JSONValue(parsing: line, maximumDepth: BearerClient.maximumReplyDepth),
      var reply = value.objectValue
    else {
      return finish(.malformedReply)
    }
    let id = reply["id"]
    reply.members.removeAll { $0.name == "id" }
    switch id {
    case .null:
      if let oldest = inFlight.keys.min() {
        inFlight.removeValue(forKey: oldest)?.succeed(reply)
      } else {
        unclaimed = reply
      }
    case .number(let number):
      guard let id = number.integer, let promise = inFlight.removeValue(forKey: id) else {
        return finish(.malformedReply)
      }
      promise.succeed(reply)
    default:
      finish(.malformedReply)
    }
  }
}
