import AsyncHTTPClient
import BearerAddress
import BearerKeys
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// The connections of one fetch.
///
/// Each fetch has clients of its own, which end with it. A pool that outlives a fetch would be idle for ten minutes at a
/// time, hold a few megabytes of certificates of authorities per issuer, offer connections that the provider has long
/// closed, and never notice that a file of authorities was renewed.
final class FetchSession {
  private let settings: KeySourceSettings
  private let group: any EventLoopGroup
  private let environment: [String: String]
  private let goesPastCaches: Bool
  private let deadline: NIODeadline
  private let tls: TLSConfiguration
  private var clients: [FetchRoute.Way: (client: HTTPClient, connected: Flag)] = [:]
  /// The ways by which an answer has come, on a connection that the next request may use again.
  private var answered: Set<FetchRoute.Way> = []

  /// A session whose requests all end within the settings' `timeout` from now.
  ///
  /// - Parameters:
  ///   - settings: How the issuer is reached.
  ///   - tls: What its files say.
  ///   - group: The event loops that it runs on.
  ///   - environment: The process's environment, for `HTTPS_PROXY` and `NO_PROXY`.
  ///   - goesPastCaches: Whether caches are asked to have what they keep confirmed (RFC 9111 section 5.2.1.4).
  init(
    settings: KeySourceSettings, tls: TLSConfiguration, group: any EventLoopGroup, environment: [String: String],
    goesPastCaches: Bool
  ) {
    self.settings = settings
    self.group = group
    self.environment = environment
    self.goesPastCaches = goesPastCaches
    deadline = .now() + TimeAmount(settings.timeout)
    self.tls = tls
  }

  /// Gets one document.
  ///
  /// - Parameters:
  ///   - address: What to get.
  ///   - accept: The `Accept` header.
  ///   - validators: What makes the request conditional; `nil` for an unconditional one.
  /// - Returns: An answer with status 200, or 304 to a conditional request.
  /// - Throws: Each failure of resolving, connecting, TLS, the proxy, the status and the body.
  func get(
    _ address: WebAddress, accept: String, validators: FetchValidators? = nil
  ) async throws(FetchFailure) -> HTTPAnswer {
    var headers: HTTPHeaders = ["Accept": accept, "Accept-Encoding": "identity", "User-Agent": "bearerd"]
    if goesPastCaches { headers.add(name: "Cache-Control", value: "no-cache") }
    if let etag = validators?.etag { headers.add(name: "If-None-Match", value: etag) }
    if let date = validators?.lastModified { headers.add(name: "If-Modified-Since", value: date) }
    let isConditional = validators?.etag != nil || validators?.lastModified != nil
    var refused: FetchFailure?
    for route in try FetchRoute.routes(to: address, settings: settings, environment: environment) {
      do throws(FetchFailure) {
        return try await getOnLiveConnection(address, by: route, headers: headers, isConditional: isConditional)
      } catch  where error.code == .connectFailed {
        refused = error
      }
    }
    throw refused ?? FetchFailure(.connectFailed, found: "no way leads to \(address.origin)", mend: "check the url")
  }

  /// Has every connection closed; must be called once, at the end.
  ///
  /// It does not wait until they are: a handshake that gets no answer would hold up a fetch that is over, and with it a
  /// daemon that stops, for as long as one may take to connect.
  func close() {
    for (client, _) in clients.values { client.shutdown { _ in } }
    clients = [:]
  }

  /// Gets a document; once more on a new connection if the provider had closed the one that was there.
  ///
  /// Many servers close a connection after an answer without saying so in it, which is seen only when the next request
  /// is on its way (RFC 9112 section 9.3.1). Asking again is safe: GET changes nothing.
  private func getOnLiveConnection(
    _ address: WebAddress, by route: FetchRoute, headers: HTTPHeaders, isConditional: Bool
  ) async throws(FetchFailure) -> HTTPAnswer {
    do throws(FetchFailure) {
      let answer = try await get(address, by: route, headers: headers, isConditional: isConditional)
      answered.insert(route.way)
      return answer
    } catch  where error.code == .connectionReset && answered.contains(route.way) {
      answered.remove(route.way)
      clients.removeValue(forKey: route.way)?.client.shutdown { _ in }
      return try await get(address, by: route, headers: headers, isConditional: isConditional)
    }
  }

  private func get(
    _ address: WebAddress, by route: FetchRoute, headers: HTTPHeaders, isConditional: Bool
  ) async throws(FetchFailure) -> HTTPAnswer {
    let context = TransportContext(
      address: address, route: route, timeout: settings.timeout,
      hasClientCertificate: settings.clientCertificateFile != nil)
    var request = HTTPClientRequest(url: route.url)
    request.headers = headers
    request.headers.add(name: "Host", value: route.hostHeader)
    let response: HTTPClientResponse
    let (client, connected) = client(for: route.way)
    do {
      response = try await client.execute(request, deadline: deadline)
    } catch {
      if TransportContext.isCertificateRefused(error), !Task.isCancelled {
        throw await CertificateDiagnosis.failure(context: context, tls: tls, group: group, deadline: deadline)
      }
      throw context.failure(for: error, at: connected.isRaised ? .connection : .none)
    }
    let status = Int(response.status.code)
    if status == 304, isConditional {
      return HTTPAnswer(address: address, status: status, headers: response.headers, body: [])
    }
    if status != 200 { throw StatusFault.failure(status: status, headers: response.headers, address: address) }
    let body = try await body(of: response, context: context)
    return HTTPAnswer(address: address, status: status, headers: response.headers, body: body)
  }

  /// Collects a body; gives up at the first byte over the bound, before that if the header announces it.
  private func body(of response: HTTPClientResponse, context: TransportContext) async throws(FetchFailure) -> [UInt8] {
    let announced = response.headers.first(name: "content-length").flatMap { Int($0) }
    if let announced, announced > settings.bodyBytes { throw context.tooLarge(limit: settings.bodyBytes) }
    var body: [UInt8] = []
    do {
      for try await part in response.body {
        guard body.count + part.readableBytes <= settings.bodyBytes else {
          throw context.tooLarge(limit: settings.bodyBytes)
        }
        body.append(contentsOf: part.readableBytesView)
      }
    } catch let failure as FetchFailure {
      throw failure
    } catch {
      throw context.failure(for: error, at: .head)
    }
    // A cancelled sequence ends like a finished one.
    if Task.isCancelled { throw context.timedOut(hasHead: true) }
    if let announced, body.count < announced { throw context.truncated() }
    return body
  }

  /// The client of a way, and whether it has ever had a connection that a request could go out on.
  private func client(for way: FetchRoute.Way) -> (client: HTTPClient, connected: Flag) {
    if let client = clients[way] { return client }
    let connected = Flag()
    var configuration = FetchSession.configuration(way: way, tls: tls, deadline: deadline)
    // The library's name for it notwithstanding, this is the one place where a connection can be refused by its user.
    configuration.http1_1ConnectionDebugInitializer = { channel in
      connected.raise()
      guard let host = way.certificateHost else { return channel.eventLoop.makeSucceededVoidFuture() }
      return CertificateName.check(channel, host: host)
    }
    let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    clients[way] = (client, connected)
    return (client, connected)
  }

  /// What all clients have in common: no redirects, no retries, no decompression, HTTP/1.1.
  static func configuration(
    way: FetchRoute.Way, tls: TLSConfiguration, deadline: NIODeadline
  ) -> HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
    let left = max(.milliseconds(1), deadline - .now())
    configuration.timeout = .init(connect: left)
    configuration.connectionPool.idleTimeout = .milliseconds(FetchLimits.idleMilliseconds)
    // The refresh rules own retries; here they would only hide the cause until the time is up.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.httpVersion = .http1Only
    configuration.decompression = .disabled
    configuration.dnsOverride = way.overrides
    configuration.proxy = way.proxy.map { proxy in
      .server(
        host: proxy.host, port: proxy.port,
        authorization: proxy.user.map { .basic(username: $0, password: proxy.password ?? "") })
    }
    return configuration
  }
}

/// Something that has happened, once it has; for an event loop to tell the waiting task.
private final class Flag: Sendable {
  private let raised = Mutex(false)

  func raise() { raised.withLock { $0 = true } }

  var isRaised: Bool { raised.withLock { $0 } }
}
