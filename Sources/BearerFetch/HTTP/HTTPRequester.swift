import AsyncHTTPClient
import BearerAddress
import BearerKeys
import NIOCore
import NIOHTTP1
import NIOSSL

/// A request to a service.
struct HTTPRequest: Sendable {
  /// The method.
  var method: HTTPMethod = .GET
  /// The header fields but for `Host`, `Accept-Encoding` and `User-Agent`.
  var headers: HTTPHeaders
  /// The body, if there is one.
  var body: [UInt8]?
  /// Whether asking again changes nothing (RFC 9110 section 9.2.2).
  var isIdempotent = true
  /// The statuses that count as an answer; any other is a fault.
  var accepted: Set<Int> = [200]
  /// The statuses whose body is wanted.
  var withBody: Set<Int> = [200]

  /// A GET with these fields; for anything else, set the other members.
  init(headers: HTTPHeaders) {
    self.headers = headers
  }
}

/// Sends one request by the routes to its address, in turn, and gives each kind of failure a code of its own.
struct HTTPRequester: Sendable {
  private let settings: ConnectionSettings
  private let pool: HTTPPool
  private let network: FetchNetwork
  private let deadline: NIODeadline
  private let tls: TLSConfiguration

  /// A requester whose requests all end by `deadline`.
  ///
  /// - Parameters:
  ///   - settings: How the service is reached.
  ///   - tls: TLS as its files configure it, without the system's authorities.
  ///   - pool: Its connections.
  ///   - network: What all services share.
  ///   - deadline: When the last answer must be there.
  init(
    settings: ConnectionSettings, tls: TLSConfiguration, pool: HTTPPool, network: FetchNetwork, deadline: NIODeadline
  ) {
    self.settings = settings
    self.tls = tls
    self.pool = pool
    self.network = network
    self.deadline = deadline
  }

  /// Sends a request.
  ///
  /// - Parameters:
  ///   - request: The request.
  ///   - address: Where to send it.
  /// - Returns: An answer with one of the statuses that the request accepts.
  /// - Throws: Each failure of resolving, connecting, TLS, the proxy, the status and the body.
  func send(_ request: HTTPRequest, to address: WebAddress) async throws(FetchFault) -> HTTPAnswer {
    var tls = tls
    if address.scheme == .https { tls.trustRoots = await network.authorities.trustRoots() }
    var refused: FetchFault?
    let routes = try FetchRoute.routes(to: address, settings: settings, environment: network.environment)
    for route in routes {
      do throws(FetchFault) {
        return try await send(request, to: address, byAddressesOf: route, tls)
      } catch  where error.code == .connectFailed {
        refused = error
      }
    }
    throw refused ?? FetchFault(.connectFailed, found: "no way leads to \(address.origin)", advice: "check the url")
  }

  /// Resolves the name that is connected to, and tries its addresses in turn while nothing answers there.
  private func send(
    _ request: HTTPRequest, to address: WebAddress, byAddressesOf route: FetchRoute, _ tls: TLSConfiguration
  ) async throws(FetchFault) -> HTTPAnswer {
    guard let name = route.nameToResolve else {
      return try await sendOnLiveConnection(request, to: address, by: route, tls, connectTimeout: deadline - .now())
    }
    let context = context(address, route)
    guard let addresses = await pool.addresses(of: name, by: network.names) else {
      throw context.timedOut(hasHead: false)
    }
    guard !addresses.isEmpty else { throw context.nameNotFound(name) }
    var refused: FetchFault?
    for (index, candidate) in addresses.prefix(FetchLimits.addressesTried).enumerated() {
      let isLast = index == min(addresses.count, FetchLimits.addressesTried) - 1
      let left = deadline - .now()
      // An address that swallows packets must leave time for the ones after it; the last may take all that is left.
      let patience = isLast ? left : min(left, .milliseconds(FetchLimits.addressMilliseconds))
      let route = route.connecting(to: candidate)
      do throws(FetchFault) {
        let answer = try await sendOnLiveConnection(request, to: address, by: route, tls, connectTimeout: patience)
        if index > 0 { network.names.prefer(candidate, for: name) }
        return answer
      } catch {
        let isUnreachable = error.code == .connectFailed || error.code == .timedOut && !hasConnected(by: route, tls)
        if isUnreachable { pool.forgetAddresses(of: name) }
        if isLast || !isUnreachable || deadline <= .now() || Task.isCancelled { throw error }
        pool.drop(pool.entry(for: route.connectionKey, tls: tls, connectTimeout: patience))
        refused = error
      }
    }
    throw refused ?? context.nameNotFound(name)
  }

  private func hasConnected(by route: FetchRoute, _ tls: TLSConfiguration) -> Bool {
    pool.entry(for: route.connectionKey, tls: tls, connectTimeout: deadline - .now()).connected.isRaised
  }

  /// Sends a request, and once more on a new connection if the service had closed the old one.
  ///
  /// Many servers close a connection after an answer without announcing it, and the next request fails on it
  /// (RFC 9112 section 9.3.1). Only idempotent requests are repeated.
  private func sendOnLiveConnection(
    _ request: HTTPRequest, to address: WebAddress, by route: FetchRoute, _ tls: TLSConfiguration,
    connectTimeout: TimeAmount
  ) async throws(FetchFault) -> HTTPAnswer {
    let entry = pool.entry(for: route.connectionKey, tls: tls, connectTimeout: connectTimeout)
    let hasAnswered = entry.answered.isRaised
    do throws(FetchFault) {
      return try await sendOnce(request, to: address, by: route, tls, on: entry)
    } catch  where error.code == .connectionReset && request.isIdempotent && hasAnswered {
      pool.drop(entry)
      let entry = pool.entry(for: route.connectionKey, tls: tls, connectTimeout: connectTimeout)
      return try await sendOnce(request, to: address, by: route, tls, on: entry)
    }
  }

  private func sendOnce(
    _ request: HTTPRequest, to address: WebAddress, by route: FetchRoute, _ tls: TLSConfiguration,
    on entry: HTTPPool.Entry
  ) async throws(FetchFault) -> HTTPAnswer {
    pool.beginUse(of: entry)
    defer { pool.endUse(of: entry) }
    let context = context(address, route)
    var sent = HTTPClientRequest(url: route.url)
    sent.method = request.method
    sent.headers = request.headers
    sent.headers.add(contentsOf: ["Accept-Encoding": "identity", "User-Agent": "bearerd", "Host": route.hostHeader])
    sent.body = request.body.map { .bytes($0) }
    let response: HTTPClientResponse
    do {
      response = try await entry.client.execute(sent, deadline: deadline)
    } catch {
      if TransportContext.isCertificateRefused(error), !Task.isCancelled {
        throw await CertificateDiagnosis.failure(context: context, tls: tls, group: pool.group, deadline: deadline)
      }
      throw context.failure(for: error, at: entry.connected.isRaised ? .connection : .none)
    }
    let status = Int(response.status.code)
    guard request.accepted.contains(status) else {
      throw StatusFault.failure(status: status, headers: response.headers, address: address)
    }
    var body: [UInt8] = []
    if request.withBody.contains(status) { body = try await self.body(of: response, context: context) }
    entry.answered.raise()
    return HTTPAnswer(address: address, status: status, headers: response.headers, body: body)
  }

  private func context(_ address: WebAddress, _ route: FetchRoute) -> TransportContext {
    TransportContext(
      address: address, route: route, timeout: settings.timeout, hasClientCertificate: settings.tls.certificate != nil)
  }

  /// Collects a body; gives up at the first byte over the bound, before that if the header announces it.
  private func body(of response: HTTPClientResponse, context: TransportContext) async throws(FetchFault) -> [UInt8] {
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
    } catch let failure as FetchFault {
      throw failure
    } catch {
      throw context.failure(for: error, at: .head)
    }
    // A cancelled sequence ends like a finished one.
    if Task.isCancelled { throw context.timedOut(hasHead: true) }
    if let announced, body.count < announced { throw context.truncated() }
    return body
  }
}
