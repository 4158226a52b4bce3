import BearerAddress
package import BearerIntrospection
import BearerJSON
import BearerKeys
import Glibc
import NIOCore
import NIOHTTP1
import Synchronization

/// A back-end over HTTP: one request for each call, on connections that are this back-end's own.
package final class BackEndSource: TokenStatusSource {
  /// The endpoint that discovery named, and when to ask again.
  private struct Memory {
    var endpoint: WebAddress?
    var due: ContinuousClock.Instant?
  }

  /// How it is asked.
  package let settings: BackEndSourceSettings
  private let network: FetchNetwork
  private let material: SharedRead<BackEndMaterial, BackEndFault>
  private let memory = Mutex(Memory())

  /// A source that holds no connection before the first call.
  ///
  /// - Parameters:
  ///   - settings: How it is asked.
  ///   - network: What all issuers share.
  package init(settings: BackEndSourceSettings, network: FetchNetwork) {
    var settings = settings
    settings.connection.bodyBytes = BackEndLimits.answerBytes
    self.settings = settings
    self.network = network
    material = SharedRead { [settings] in
      Result { () throws(BackEndFault) in try BackEndMaterial(settings, network: network) }
    }
  }

  /// Asks once, within the issuer's `timeout`.
  package func ask(_ call: StatusCall) async -> Result<TokenStatus, BackEndFault> {
    let timeout = settings.connection.timeout
    let late = BackEndFault(
      .unreachable, found: "no answer within \(timeout)", advice: "check that the provider is reachable")
    return await Deadline.run(within: timeout, late: .failure(late)) {
      guard let material = await self.material.value() else { return .failure(late) }
      do throws(BackEndFault) {
        return .success(try await self.ask(call, material.get()))
      } catch {
        // The back-end may have moved.
        if error.code == .unreachable || error.code == .httpStatus || error.code == .redirectRefused {
          self.memory.withLock { $0.due = nil }
        }
        return .failure(error)
      }
    }
  }

  /// Makes the next call read the files again; calls in flight still finish.
  package func forgetCredentials() { material.forget()?.pool.dropAll() }

  /// Ends all connections.
  package func close() { material.forget()?.pool.close() }

  private func ask(_ call: StatusCall, _ material: BackEndMaterial) async throws(BackEndFault) -> TokenStatus {
    let requester = HTTPRequester(
      settings: settings.connection.connection, tls: material.tls, pool: material.pool, network: network,
      deadline: NIODeadline.now() + TimeAmount(settings.connection.timeout))
    let endpoint = try await endpoint(requester)
    let answer: HTTPAnswer
    do throws(FetchFault) {
      answer = try await requester.send(request(call, material.credentials), to: endpoint)
    } catch {
      throw BackEndFault(error)
    }
    let response = BackEndResponse(
      status: answer.status, fields: answer.headers.map { ($0.name, $0.value) }, body: answer.body,
      retryAfter: RetryAfter.duration(in: answer.headers, now: Int64(time(nil))), origin: endpoint.shown)
    do throws(BackEndFault) {
      return try response.tokenStatus(
        settings.kind, agreeingWith: call.identity, askedAs: settings.clientID)
    } catch {
      // The connection may be one answer behind: each later token would get the answer of the one before.
      if error.code == .anotherToken { material.pool.dropAll() }
      var fault = error
      if fault.code == .credentialsRefused { fault.advice = material.credentials.adviceIfRefused }
      throw fault
    }
  }

  private func request(_ call: StatusCall, _ credentials: ClientCredentials) -> HTTPRequest {
    // Without cookies: Authgear says yes to a bad token that comes with a valid cookie.
    var request = HTTPRequest(headers: ["Accept": "application/json"])
    // A repeated request does no harm: RFC 7662 section 2.1 makes it a POST only to keep tokens out of logs.
    request.isIdempotent = true
    request.accepted = Set(200...599)
    switch settings.kind {
    case .rfc7662:
      request.method = .POST
      request.withBody.insert(400)
      request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
      if let authorization = credentials.authorization {
        request.headers.add(name: "Authorization", value: authorization)
      }
      request.body = IntrospectionRequest.form(token: call.token, credentials)
    case .authgearResolver, .userinfo:
      request.headers.add(name: "Authorization", value: "Bearer " + String(decoding: call.token, as: UTF8.self))
    }
    return request
  }

  // MARK: Where

  private func endpoint(_ requester: HTTPRequester) async throws(BackEndFault) -> WebAddress {
    if let given = settings.endpoint {
      return try BackEndEndpoint.address(given, origin: "the configured endpoint")
    }
    if settings.kind == .authgearResolver {
      return try BackEndEndpoint.address(
        DiscoveryDocument.base(of: settings.connection.url) + BackEndEndpoint.resolverPath, origin: "the resolver")
    }
    let known = memory.withLock { memory in
      memory.due.map { .now < $0 } == true ? memory.endpoint : nil
    }
    if let known { return known }
    let url = settings.connection.url
    let found: (document: JSONValue, address: WebAddress)
    do throws(FetchFault) {
      found = try await DiscoveryDocument.first(
        ofIssuer: url, orElse: "endpoint in the issuer's introspection table"
      ) { address throws(FetchFault) in
        let answer = try await requester.send(HTTPRequest(headers: ["Accept": "application/json"]), to: address)
        return (try DiscoveryDocument.document(in: answer, issuer: url), address)
      }
    } catch {
      // The back-end may be reachable although the document is not.
      if !error.code.isDiscoveryStatement, let last = memory.withLock({ $0.endpoint }) { return last }
      throw BackEndFault(.noEndpoint, found: error.found, advice: error.advice)
    }
    let endpoint = try BackEndEndpoint.discovered(in: found.document, at: found.address, settings.kind, issuer: url)
    memory.withLock { memory in
      memory.endpoint = endpoint
      memory.due = .now + FetchLimits.discoveryReuse
    }
    return endpoint
  }
}

extension BackEndFault {
  /// Why no answer came.
  fileprivate init(_ fault: FetchFault) {
    let code: Code = fault.code == .bodyTooLarge ? .answerTooLarge : .unreachable
    self.init(
      code, found: fault.found, advice: fault.code == .bodyTooLarge ? "check endpoint and kind" : fault.advice)
  }
}
