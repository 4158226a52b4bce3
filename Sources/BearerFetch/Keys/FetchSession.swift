import BearerAddress
import BearerKeys
import NIOHTTP1

/// The requests of one fetch of keys, conditional where validators are known.
struct FetchSession: Sendable {
  /// Sends them.
  let requester: HTTPRequester
  /// Whether caches are asked to revalidate what they keep (RFC 9111 section 5.2.1.4).
  let goesPastCaches: Bool

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
  ) async throws(FetchFault) -> HTTPAnswer {
    var request = HTTPRequest(headers: ["Accept": accept])
    if goesPastCaches { request.headers.add(name: "Cache-Control", value: "no-cache") }
    if let etag = validators?.etag { request.headers.add(name: "If-None-Match", value: etag) }
    if let date = validators?.lastModified { request.headers.add(name: "If-Modified-Since", value: date) }
    if validators?.etag != nil || validators?.lastModified != nil { request.accepted.insert(304) }
    return try await requester.send(request, to: address)
  }
}
