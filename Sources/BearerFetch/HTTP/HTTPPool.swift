import AsyncHTTPClient
import BearerAddress
import NIOCore
import NIOSSL
import Synchronization

/// The connections to one service, for as long as their owner keeps them.
///
/// Each fetch of keys has its own. Kept until the next fetch, minutes later, a pool would offer connections that the
/// provider has long closed, and not notice that a file of authorities was renewed. A back-end keeps its pool while its
/// credentials stay the same.
final class HTTPPool: Sendable {
  /// The connections of one key.
  final class Entry: Sendable {
    let client: HTTPClient
    /// Whether a connection was ever made, with tunnel and handshake.
    let connected: Flag
    /// Whether an answer has come: its connection may be used again.
    let answered = Flag()

    init(client: HTTPClient, connected: Flag) {
      self.client = client
      self.connected = connected
    }
  }

  /// The bounds of a pool.
  struct Settings: Sendable {
    /// The most connections at once of one key.
    var connections = 8
    /// How long an idle connection is kept.
    var idle = TimeAmount.milliseconds(FetchLimits.idleMilliseconds)
    /// How long the addresses of a name are used without resolving it again.
    var nameReuse = Duration.zero
  }

  private struct State {
    var entries: [FetchRoute.ConnectionKey: Entry] = [:]
    /// How many requests each client has in flight.
    var uses: [ObjectIdentifier: Int] = [:]
    /// Clients that get no new requests, to be shut down after their last one.
    var retired: [ObjectIdentifier: HTTPClient] = [:]
    var names: [String: (addresses: [String], until: ContinuousClock.Instant)] = [:]
  }

  let group: any EventLoopGroup
  private let settings: Settings
  private let state = Mutex(State())

  /// A pool without connections.
  ///
  /// - Parameters:
  ///   - group: The event loops that connections live on.
  ///   - settings: Its bounds.
  init(group: any EventLoopGroup, settings: Settings = Settings()) {
    self.group = group
    self.settings = settings
  }

  /// A request that began while the pool was closed may have opened another connection since.
  deinit { close() }

  /// Begins to close every connection; to be called at the end.
  ///
  /// It does not wait: a handshake that gets no answer would hold up a fetch that is over, and a daemon that stops, for
  /// the whole connect timeout.
  func close() {
    let clients = state.withLock { state in
      defer { state = State() }
      return state.entries.values.map(\.client) + state.retired.values
    }
    for client in clients { client.shutdown { _ in } }
  }

  /// The connections of a key, new if it has none yet.
  func entry(for key: FetchRoute.ConnectionKey, tls: TLSConfiguration, connectTimeout: TimeAmount) -> Entry {
    state.withLock { state in
      if let entry = state.entries[key] { return entry }
      let connected = Flag()
      var configuration = Self.configuration(key: key, tls: tls, connectTimeout: connectTimeout)
      configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = settings.connections
      configuration.connectionPool.idleTimeout = settings.idle
      // Named "debug" in AsyncHTTPClient, but its only hook that can reject a connection.
      configuration.http1_1ConnectionDebugInitializer = { channel in
        connected.raise()
        guard let host = key.certificateHost else { return channel.eventLoop.makeSucceededVoidFuture() }
        return CertificateName.check(channel, host: host)
      }
      let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
      let entry = Entry(client: client, connected: connected)
      state.entries[key] = entry
      return entry
    }
  }

  /// Notes that a request begins; ``endUse(of:)`` must follow.
  func beginUse(of entry: Entry) {
    state.withLock { $0.uses[ObjectIdentifier(entry.client), default: 0] += 1 }
  }

  /// Notes that a request has ended.
  func endUse(of entry: Entry) {
    let id = ObjectIdentifier(entry.client)
    let client = state.withLock { state -> HTTPClient? in
      let left = (state.uses[id] ?? 1) - 1
      state.uses[id] = left > 0 ? left : nil
      return left > 0 ? nil : state.retired.removeValue(forKey: id)
    }
    client?.shutdown { _ in }
  }

  /// Gives the connections of an entry no new request; those in flight still finish.
  func drop(_ entry: Entry) {
    let client = state.withLock { state -> HTTPClient? in
      guard let key = state.entries.first(where: { $0.value === entry })?.key else { return nil }
      return Self.remove(key, &state)
    }
    client?.shutdown { _ in }
  }

  /// Gives no present connection a new request, and forgets the names; requests in flight still finish.
  func dropAll() {
    let clients = state.withLock { state in
      state.names = [:]
      return Array(state.entries.keys).compactMap { Self.remove($0, &state) }
    }
    for client in clients { client.shutdown { _ in } }
  }

  private static func remove(_ key: FetchRoute.ConnectionKey, _ state: inout State) -> HTTPClient? {
    guard let client = state.entries.removeValue(forKey: key)?.client else { return nil }
    let id = ObjectIdentifier(client)
    if state.uses[id] == nil { return client }
    state.retired[id] = client
    return nil
  }

  // MARK: Names

  /// The addresses of a name; `nil` if the task was cancelled first.
  func addresses(of name: String, by names: NameResolver) async -> [String]? {
    if let known = state.withLock({ $0.names[name] }), .now < known.until { return known.addresses }
    guard let addresses = await names.addresses(of: name) else { return nil }
    if settings.nameReuse > .zero, !addresses.isEmpty {
      state.withLock { $0.names[name] = (addresses, .now + settings.nameReuse) }
    }
    return addresses
  }

  /// Makes the next request look a name up again.
  func forgetAddresses(of name: String) { state.withLock { _ = $0.names.removeValue(forKey: name) } }

  /// What all clients have in common: no redirects, no retries, no decompression, HTTP/1.1.
  static func configuration(
    key: FetchRoute.ConnectionKey, tls: TLSConfiguration, connectTimeout: TimeAmount
  ) -> HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
    configuration.timeout = .init(connect: max(.milliseconds(1), connectTimeout))
    // The refresh rules own retries; here they would only hide the cause until the time is up.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.httpVersion = .http1Only
    configuration.decompression = .disabled
    configuration.dnsOverride = key.overrides
    configuration.proxy = key.proxy.map { proxy in
      .server(
        host: key.proxyAddress ?? proxy.host, port: proxy.port,
        authorization: proxy.user.map { .basic(username: $0, password: proxy.password ?? "") })
    }
    return configuration
  }
}

/// Whether something has happened, told by an event loop to a waiting task.
final class Flag: Sendable {
  private let raised = Mutex(false)

  func raise() { raised.withLock { $0 = true } }

  var isRaised: Bool { raised.withLock { $0 } }
}
