import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// An OpenID provider on loopback that does what it is told: the right thing, or any of the wrong ones.
///
///     let provider = try await FaultyProvider.start()
///     provider.setKeys(#"{"keys":[…]}"#)
///     // … point bearerd at provider.issuer …
///     provider.answer(.keys, with: .status(503))
///     let second = await provider.request(2)   // waits until it has come
///     await provider.stop()
///
/// It serves `/.well-known/openid-configuration` (below the issuer's path), `/jwks` and back-ends over real sockets, with real TLS
/// if it is given an identity. All methods may be called from anywhere, at any time.
package final class FaultyProvider: Sendable {
  /// What it serves.
  package enum Endpoint: Hashable, Sendable {
    /// The discovery document.
    case discovery
    /// The key set.
    case keys
    /// The metadata of RFC 8414, which it has only if a test gives it an answer for it.
    case metadata
    /// Where tokens are asked about; `{"active":false}` unless told otherwise.
    case backEnd

    init?(path: String) {
      switch path {
      case "/jwks": self = .keys
      case "/introspect", "/userinfo", "/_resolver/resolve": self = .backEnd
      case _ where path.hasSuffix("/.well-known/openid-configuration"): self = .discovery
      case _ where path.hasPrefix("/.well-known/oauth-authorization-server"): self = .metadata
      default: return nil
      }
    }
  }

  struct State {
    var keys = #"{"keys":[]}"#
    var issuer = ""
    var keysAddress = ""
    /// More members of the discovery document.
    var members = ""
    var backEndAnswer: @Sendable (ProviderRequest) -> String = { _ in #"{"active":false}"# }
    var standing: [Endpoint: ProviderAnswer] = [:]
    var queued: [Endpoint: [ProviderAnswer]] = [:]
    var headers: [Endpoint: [(String, String)]] = [:]
    var usesETags = false
    var requests: [ProviderRequest] = []
    var waiting: [(number: Int, continuation: CheckedContinuation<ProviderRequest, Never>)] = []
    /// Whether `release()` was called since an answer was last told to be held.
    var isReleased = false
    var held: [EventLoopPromise<Void>] = []
    var channels: [ObjectIdentifier: any Channel] = [:]
    var bytesSent = 0
    var handshakes = 0
  }

  /// The port on loopback.
  package let port: Int
  /// `http://127.0.0.1:PORT`, `http://[::1]:PORT`, or `https://localhost:PORT` with TLS.
  package let origin: String
  let state: Mutex<State>
  private let server: any Channel

  /// Starts a provider.
  ///
  /// - Parameters:
  ///   - host: The address that it listens on, 127.0.0.1 or ::1.
  ///   - port: The port; zero lets the system choose.
  ///   - identity: Certificate and key; without one, plain http.
  ///   - path: The issuer's path, such as `/realms/a`; empty for none.
  ///   - isMute: Whether it accepts connections and then never says a byte, not even of TLS.
  /// - Returns: The provider, which listens.
  /// - Throws: What prevents a listening socket.
  package static func start(
    on host: String = "127.0.0.1", port: Int = 0, identity: TestIdentity? = nil, path: String = "",
    isMute: Bool = false
  ) async throws -> FaultyProvider {
    let tls = try identity.map { try $0.serverContext() }
    let box = ProviderBox()
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in box.accept(channel, tls: tls, isMute: isMute) }
      .bind(host: host, port: port).get()
    let port = server.localAddress?.port ?? 0
    let literal = host.contains(":") ? "[\(host)]" : host
    let origin = tls == nil ? "http://\(literal):\(port)" : "https://localhost:\(port)"
    let provider = FaultyProvider(server: server, port: port, origin: origin, path: path)
    box.provider.withLock { $0 = provider }
    return provider
  }

  private init(server: any Channel, port: Int, origin: String, path: String) {
    self.server = server
    self.port = port
    self.origin = origin
    state = Mutex(State(issuer: origin + path, keysAddress: origin + "/jwks"))
  }

  /// The issuer that the discovery document names; what to configure as `url`.
  package var issuer: String { state.withLock { $0.issuer } }

  /// Every request so far, in order of arrival.
  package var requests: [ProviderRequest] { state.withLock { $0.requests } }

  /// How often the key set was asked for.
  package var keyRequests: Int { requests.count { $0.path == "/jwks" } }

  /// How many bytes of oversized bodies went out.
  package var bytesSent: Int { state.withLock { $0.bytesSent } }

  /// How many TLS handshakes came to their end on this side; where clients must prove themselves, only theirs who did.
  package var handshakes: Int { state.withLock { $0.handshakes } }

  /// Waits until the clients have ended every connection that there is.
  package func settle() async {
    for channel in state.withLock({ Array($0.channels.values) }) { try? await channel.closeFuture.get() }
  }

  /// Serves this key set from now on.
  package func setKeys(_ json: String) { state.withLock { $0.keys = json } }

  /// Says this of tokens from now on.
  package func setBackEndAnswer(_ json: String) { setBackEndAnswer { _ in json } }

  /// Says this of each token from now on, by the request about it.
  package func setBackEndAnswer(_ answer: @escaping @Sendable (ProviderRequest) -> String) {
    state.withLock { $0.backEndAnswer = answer }
  }

  /// The requests to a back-end so far.
  package var backEndRequests: [ProviderRequest] { requests.filter { Endpoint(path: $0.path) == .backEnd } }

  /// Adds members to the discovery document, such as `"introspection_endpoint":"…"`.
  package func presentMembers(_ json: String) { state.withLock { $0.members = "," + json } }

  /// Names another issuer, or another place of the keys, in the discovery document.
  package func present(issuer: String? = nil, keysAddress: String? = nil) {
    state.withLock { state in
      state.issuer = issuer ?? state.issuer
      state.keysAddress = keysAddress ?? state.keysAddress
    }
  }

  /// Answers every request for a document in this way from now on; queued answers come first.
  package func answer(_ endpoint: Endpoint, with answer: ProviderAnswer) {
    state.withLock { state in
      state.standing[endpoint] = answer
      if case .held = answer { state.isReleased = false }
    }
  }

  /// Answers one later request in this way, after those queued before.
  package func answerNext(_ endpoint: Endpoint, with answer: ProviderAnswer) {
    state.withLock { state in
      state.queued[endpoint, default: []].append(answer)
      if case .held = answer { state.isReleased = false }
    }
  }

  /// Adds header fields to a document, such as `Cache-Control`.
  package func setHeaders(_ headers: [(String, String)], for endpoint: Endpoint = .keys) {
    state.withLock { $0.headers[endpoint] = headers }
  }

  /// Sends an `ETag` with each document, and 304 to who has it.
  package func useETags() { state.withLock { $0.usesETags = true } }

  /// Sends the documents that are held, and those that were to be held and are not yet asked for.
  package func release() {
    let held = state.withLock { state in
      state.isReleased = true
      defer { state.held = [] }
      return state.held
    }
    for promise in held { promise.succeed() }
  }

  /// Succeeds the promise at the next `release()`, or at once if that came since an answer was to be held.
  func hold(_ promise: EventLoopPromise<Void>) {
    let isReleased = state.withLock { state in
      if !state.isReleased { state.held.append(promise) }
      return state.isReleased
    }
    if isReleased { promise.succeed() }
  }

  /// Waits for the n-th request, counted from one, and returns it; at once if it has come.
  package func request(_ number: Int) async -> ProviderRequest {
    await withCheckedContinuation { continuation in
      let request = state.withLock { state -> ProviderRequest? in
        if state.requests.indices.contains(number - 1) { return state.requests[number - 1] }
        state.waiting.append((number, continuation))
        return nil
      }
      if let request { continuation.resume(returning: request) }
    }
  }

  /// Stops listening and closes every connection; held documents are never sent.
  package func stop() async {
    try? await server.close()
    let (channels, held) = state.withLock { state in
      defer { state.held = [] }
      return (Array(state.channels.values), state.held)
    }
    for promise in held { promise.fail(ChannelError.ioOnClosedChannel) }
    for channel in channels { try? await channel.close() }
  }

  /// Notes a request and decides its answer.
  ///
  /// - Parameter request: The request.
  /// - Returns: What to answer, and what to call once that is under way: whoever waits for the request may then count
  ///   on its being held, if it is to be.
  func receive(
    _ request: ProviderRequest
  ) -> (endpoint: Endpoint?, answer: ProviderAnswer, tellArrival: () -> Void) {
    let (woken, result) = state.withLock { state in
      state.requests.append(request)
      let count = state.requests.count
      let woken = state.waiting.filter { $0.number == count }
      state.waiting.removeAll { $0.number == count }
      guard let endpoint = Endpoint(path: request.path) else {
        return (woken, (Endpoint?.none, ProviderAnswer.status(404)))
      }
      if var queue = state.queued[endpoint], !queue.isEmpty {
        let next = queue.removeFirst()
        state.queued[endpoint] = queue
        return (woken, (endpoint, next))
      }
      return (woken, (endpoint, state.standing[endpoint] ?? (endpoint == .metadata ? .status(404) : .document)))
    }
    return (result.0, result.1, { for waiter in woken { waiter.continuation.resume(returning: request) } })
  }

  /// A document as it stands now, with its header fields and whether it has an `ETag`.
  func document(
    _ endpoint: Endpoint, _ request: ProviderRequest
  ) -> (body: String, headers: [(String, String)], etag: String?) {
    state.withLock { state in
      let body =
        switch endpoint {
        case .keys: state.keys
        case .backEnd: state.backEndAnswer(request)
        case .discovery, .metadata:
          #"{"issuer":"\#(state.issuer)","jwks_uri":"\#(state.keysAddress)","#
            + #""id_token_signing_alg_values_supported":["none","HS256","RS256"]\#(state.members)}"#
        }
      // Any text that differs when the document does is a good entity tag; this one is legible in a failing test.
      let sum = body.utf8.reduce(UInt64(5381)) { ($0 &* 33) ^ UInt64($1) }
      return (body, state.headers[endpoint] ?? [], state.usesETags ? "\"\(sum)\"" : nil)
    }
  }
}

/// Lets connections find the provider, which exists only once its socket listens.
private final class ProviderBox: Sendable {
  let provider = Mutex<FaultyProvider?>(nil)

  func accept(_ channel: any Channel, tls: NIOSSLContext?, isMute: Bool) -> EventLoopFuture<Void> {
    guard let provider = provider.withLock({ $0 }) else { return channel.close() }
    let id = ObjectIdentifier(channel)
    provider.state.withLock { $0.channels[id] = channel }
    channel.closeFuture.whenComplete { _ in
      provider.state.withLock { _ = $0.channels.removeValue(forKey: id) }
    }
    if isMute { return channel.eventLoop.makeSucceededVoidFuture() }
    return channel.eventLoop.makeCompletedFuture {
      guard let tls else {
        return try ProviderConnection.install(in: channel, provider: provider, tls: nil, serverName: nil)
      }
      let greeting = SNIHandler { result in
        var name: String?
        if case .hostname(let hostname) = result { name = hostname }
        return channel.eventLoop.makeCompletedFuture { [name] in
          try ProviderConnection.install(in: channel, provider: provider, tls: tls, serverName: name)
        }
      }
      try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(greeting))
    }
  }
}
