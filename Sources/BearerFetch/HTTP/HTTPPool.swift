import AsyncHTTPClient
import BearerAddress
import NIOCore
import NIOSSL
import Synchronization

/// The connections to one service, for as long as their owner keeps them.
///
/// A fetch of keys has one that ends with it: it would be idle for ten minutes at a time, offer connections that the
/// provider has long closed, and never notice that a file of authorities was renewed.
final class HTTPPool: Sendable {
  /// A client, and whether it has ever had a connection that a request could go out on.
  struct Entry: Sendable {
    let client: HTTPClient
    let connected: Flag
  }

  private struct State {
    var clients: [FetchRoute.ConnectionKey: Entry] = [:]
    /// The ways by which an answer has come, on a connection that the next request may use again.
    var answered: Set<FetchRoute.ConnectionKey> = []
  }

  let group: any EventLoopGroup
  private let state = Mutex(State())

  /// A pool without connections, which must be closed in the end.
  ///
  /// - Parameter group: The event loops that connections live on.
  init(group: any EventLoopGroup) {
    self.group = group
  }

  /// Has every connection closed; must be called once, at the end.
  ///
  /// It does not wait until they are: a handshake that gets no answer would hold up a fetch that is over, and with it a
  /// daemon that stops, for as long as one may take to connect.
  func close() {
    let clients = state.withLock { state in
      defer { state = State() }
      return state.clients.values.map(\.client)
    }
    for client in clients { client.shutdown { _ in } }
  }

  /// The client of a way.
  func entry(for way: FetchRoute.ConnectionKey, tls: TLSConfiguration, connectTimeout: TimeAmount) -> Entry {
    state.withLock { state in
      if let entry = state.clients[way] { return entry }
      let connected = Flag()
      var configuration = Self.configuration(way: way, tls: tls, connectTimeout: connectTimeout)
      // Named "debug" in AsyncHTTPClient, but its only hook that can reject a connection.
      configuration.http1_1ConnectionDebugInitializer = { channel in
        connected.raise()
        guard let host = way.certificateHost else { return channel.eventLoop.makeSucceededVoidFuture() }
        return CertificateName.check(channel, host: host)
      }
      let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
      let entry = Entry(client: client, connected: connected)
      state.clients[way] = entry
      return entry
    }
  }

  /// Notes that an answer came this way.
  func noteAnswer(by way: FetchRoute.ConnectionKey) {
    state.withLock { _ = $0.answered.insert(way) }
  }

  /// Drops the connections of a way by which an answer has come before.
  ///
  /// - Returns: Whether one had, so that the connection may just have been closed between two requests.
  func dropAnswered(_ way: FetchRoute.ConnectionKey) -> Bool {
    guard state.withLock({ $0.answered.remove(way) }) != nil else { return false }
    drop(way)
    return true
  }

  /// Drops the connections of a way.
  func drop(_ way: FetchRoute.ConnectionKey) {
    state.withLock { $0.clients.removeValue(forKey: way) }?.client.shutdown { _ in }
  }

  /// What all clients have in common: no redirects, no retries, no decompression, HTTP/1.1.
  static func configuration(
    way: FetchRoute.ConnectionKey, tls: TLSConfiguration, connectTimeout: TimeAmount
  ) -> HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
    configuration.timeout = .init(connect: max(.milliseconds(1), connectTimeout))
    configuration.connectionPool.idleTimeout = .milliseconds(FetchLimits.idleMilliseconds)
    // The refresh rules own retries; here they would only hide the cause until the time is up.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.httpVersion = .http1Only
    configuration.decompression = .disabled
    configuration.dnsOverride = way.overrides
    configuration.proxy = way.proxy.map { proxy in
      .server(
        host: way.proxyAddress ?? proxy.host, port: proxy.port,
        authorization: proxy.user.map { .basic(username: $0, password: proxy.password ?? "") })
    }
    return configuration
  }
}

/// Something that has happened, once it has; for an event loop to tell the waiting task.
final class Flag: Sendable {
  private let raised = Mutex(false)

  func raise() { raised.withLock { $0 = true } }

  var isRaised: Bool { raised.withLock { $0 } }
}
