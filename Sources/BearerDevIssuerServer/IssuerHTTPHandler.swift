import NIOCore
import NIOHTTP1

/// One connection to the issuer's web site.
///
/// Keys are read from disk on the event loop, which would be wrong in a server with many clients; this one has a
/// developer's daemon.
final class IssuerHTTPHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let site: IssuerSite
  private let script: ServerScript
  private var request: HTTPRequestHead?
  private var body: [UInt8] = []

  init(site: IssuerSite, script: ServerScript) {
    self.site = site
    self.script = script
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      request = head
    case .body(let part):
      // No resource here takes more than a form with a token; what is over is dropped.
      if body.count < 65_536 { body.append(contentsOf: part.readableBytesView) }
    case .end:
      guard let request else { return }
      self.request = nil
      defer { body = [] }
      let path = String(request.uri.prefix { $0 != "?" })
      switch script.receive(path: path) {
      case nil:
        let answer = site.answer(
          .init(
            method: request.method.rawValue, path: path, ifNoneMatch: request.headers.first(name: "If-None-Match"),
            authorization: request.headers.first(name: "Authorization"), body: body))
        send(answer, to: request, context: context)
      case .answer(let answer): send(answer, to: request, context: context)
      case .silence: break
      case .hangUp: context.close(promise: nil)
      }
    }
  }

  private func send(_ answer: SiteAnswer, to request: HTTPRequestHead, context: ChannelHandlerContext) {
    var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
    if answer.status != 304 { headers.add(name: "Content-Length", value: String(answer.body.count)) }
    if !request.isKeepAlive { headers.add(name: "Connection", value: "close") }
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if request.method != .HEAD && !answer.body.isEmpty {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
    }
    let isSent = context.writeAndFlush(wrapOutboundOut(.end(nil)))
    if !request.isKeepAlive {
      isSent.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
