import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// One connection of a `FaultyProvider`.
///
/// Responses are written byte by byte rather than through an encoder, which would not let a response be wrong.
final class ProviderConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = ByteBuffer

  private static let connections = Atomic(0)

  private let provider: FaultyProvider
  private let number = connections.add(1, ordering: .relaxed).newValue
  private let serverName: String?
  private var head: HTTPRequestHead?
  private var body = ""
  private var drip: RepeatedTask?

  init(provider: FaultyProvider, serverName: String?) {
    self.provider = provider
    self.serverName = serverName
  }

  /// Adds what a connection needs to its pipeline; to be called on its event loop.
  static func install(
    in channel: any Channel, provider: FaultyProvider, tls: NIOSSLContext?, serverName: String?
  ) throws {
    let pipeline = channel.pipeline.syncOperations
    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
    try pipeline.addHandler(ProviderConnection(provider: provider, serverName: serverName))
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body(let part): body += String(buffer: part)
    case .end:
      guard let head else { return }
      self.head = nil
      let path = head.uri.split(separator: "?", omittingEmptySubsequences: false).first.map(String.init) ?? ""
      var headers: [String: String] = [:]
      for field in head.headers { headers[field.name.lowercased()] = field.value }
      var request = ProviderRequest(path: path, headers: headers, serverName: serverName)
      request.method = head.method.rawValue
      request.target = head.uri
      request.body = body
      request.connection = number
      body = ""
      let (endpoint, answer, tellArrival) = provider.receive(request)
      perform(answer, endpoint: endpoint, request: request, context: context)
      tellArrival()
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent { provider.state.withLock { $0.handshakes += 1 } }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    drip?.cancel()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // As servers do who are asked in TLS where they speak none.
    guard error is HTTPParserError, context.channel.isActive else { return context.close(promise: nil) }
    write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", context, closes: true)
  }

  private func perform(
    _ answer: ProviderAnswer, endpoint: FaultyProvider.Endpoint?, request: ProviderRequest,
    context: ChannelHandlerContext
  ) {
    let document = endpoint.map { provider.document($0, request) }
    let text = document?.body ?? ""
    switch answer {
    case .document: sendDocument(endpoint, request: request, context: context)
    case .held:
      let promise = context.eventLoop.makePromise(of: Void.self)
      provider.hold(promise)
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      promise.futureResult.whenSuccess {
        bound.value.0.sendDocument(endpoint, request: request, context: bound.value.1)
      }
    case .late(let milliseconds):
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      context.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
        bound.value.0.sendDocument(endpoint, request: request, context: bound.value.1)
      }
    case .status(let status, let headers):
      // Neither has a body (RFC 9110 sections 15.3.5 and 15.4.5).
      send(status, headers, status == 204 || status == 304 ? nil : "status \(status)\n", context)
    case .body(let body, let headers): send(200, headers, body, context)
    case .bytes(let bytes, let headers):
      let fields = headers.map { "\($0): \($1)\r\n" }.joined()
      write("HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(bytes.count)\r\n\r\n", context)
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    case .raw(let text): write(text, context, closes: true)
    case .truncated:
      write("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count + 1000)\r\n\r\n" + text, context, closes: true)
    case .truncatedChunked, .unfinished:
      let size = String(text.utf8.count, radix: 16)
      var closes = true
      if case .unfinished = answer { closes = false }
      write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\n\(text)\r\n", context, closes: closes)
    case .shortened:
      write(
        "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count / 2)\r\nConnection: close\r\n\r\n" + text, context,
        closes: true)
    case .oversized(let bytes, let isAnnounced):
      write(
        "HTTP/1.1 200 OK\r\n" + (isAnnounced ? "Content-Length: \(bytes)" : "Transfer-Encoding: chunked") + "\r\n\r\n",
        context)
      flood(bytes, isChunked: !isAnnounced, context)
    case .announced(let bytes): write("HTTP/1.1 200 OK\r\nContent-Length: \(bytes)\r\n\r\n", context)
    case .drip:
      write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", context)
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      drip = context.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(5), delay: .milliseconds(5)) { _ in
        bound.value.0.write(" ", bound.value.1)
      }
    case .silence: break
    case .reset:
      let channel = context.channel
      // `struct linger`, on and zero seconds: closing sends RST in place of FIN.
      let linger = (channel as? any SocketOptionProvider)?.unsafeSetSocketOption(
        level: .socket, name: .so_linger, value: (Int32(1), Int32(0)))
      (linger ?? channel.eventLoop.makeSucceededVoidFuture()).whenComplete { _ in channel.close(promise: nil) }
    case .closed: context.close(promise: nil)
    case .gzip:
      // "{}" compressed: what matters is that it is not JSON as it stands.
      let packed: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xAB, 0xAE, 0x05, 0x00, 0x43, 0xBF, 0xA6, 0xA3,
        0x02, 0x00, 0x00, 0x00,
      ]
      write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n", context)
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: packed)), promise: nil)
    case .surplus(let text): write(text, context)
    case .notHTTP: write("SSH-2.0-OpenSSH_9.2\r\n", context, closes: true)
    }
  }

  private func sendDocument(
    _ endpoint: FaultyProvider.Endpoint?, request: ProviderRequest, context: ChannelHandlerContext
  ) {
    guard let endpoint else { return send(404, [], "", context) }
    let document = provider.document(endpoint, request)
    var headers = document.headers
    if let etag = document.etag { headers.append(("ETag", etag)) }
    // RFC 9110 section 13.2.2: a date counts only where no tag is sent.
    let lastModified = headers.first { $0.0 == "Last-Modified" }?.1
    let isUnchanged =
      if let noneMatch = request.headers["if-none-match"] {
        noneMatch == document.etag
      } else {
        lastModified != nil && lastModified == request.headers["if-modified-since"]
      }
    if isUnchanged { return send(304, headers, nil, context) }
    send(200, [("Content-Type", "application/json")] + headers, document.body, context)
  }

  private func send(_ status: Int, _ headers: [(String, String)], _ body: String?, _ context: ChannelHandlerContext) {
    var text = "HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
    write(text + "\r\n" + (body ?? ""), context)
  }

  private func write(_ text: String, _ context: ChannelHandlerContext, closes: Bool = false) {
    let written = context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)))
    if closes {
      let channel = context.channel
      written.whenComplete { _ in channel.close(promise: nil) }
    }
  }

  /// Sends white space as fast as the peer takes it, piece by piece.
  private func flood(_ bytes: Int, isChunked: Bool, _ context: ChannelHandlerContext) {
    guard context.channel.isActive else { return }
    guard bytes > 0 else { return write(isChunked ? "0\r\n\r\n" : "", context, closes: true) }
    let count = min(bytes, 65_536)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    var piece = ByteBuffer(repeating: 0x20, count: count)
    if isChunked { piece = ByteBuffer(string: "\(String(count, radix: 16))\r\n\(String(buffer: piece))\r\n") }
    context.writeAndFlush(wrapOutboundOut(piece)).whenComplete { result in
      guard case .success = result else { return }
      bound.value.0.provider.state.withLock { $0.bytesSent += count }
      bound.value.0.flood(bytes - count, isChunked: isChunked, bound.value.1)
    }
  }
}
