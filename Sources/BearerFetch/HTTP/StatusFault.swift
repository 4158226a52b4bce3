import BearerAddress
import BearerKeys
import Glibc
import NIOHTTP1

/// The failure of a request by a status that it does not accept.
enum StatusFault {
  /// The failure of one status.
  ///
  /// - Parameters:
  ///   - status: A status that the request does not accept.
  ///   - headers: For the target of a redirect.
  ///   - address: What was asked.
  /// - Returns: `redirect_refused` or `http_status`.
  static func failure(status: Int, headers: HTTPHeaders, address: WebAddress) -> FetchFault {
    let isDiscovery = address.target.contains("/.well-known/")
    if [301, 302, 303, 307, 308].contains(status) {
      return FetchFault(
        .redirectRefused,
        found: "\(address.shown) answered \(status), a redirect to \(target(of: headers, from: address))",
        advice: isDiscovery
          ? "redirects are never followed: write the url that answers by itself if it is what tokens have as iss; else "
            + "give the address of the keys as jwks_uri"
          : "redirects are never followed: give the address that answers by itself as jwks_uri")
    }
    let advice =
      switch status {
      case 404, 410:
        isDiscovery
          ? "check the url; discovery is expected at url + /.well-known/openid-configuration"
          : "check that the provider publishes its keys there; discovery, or the configuration, says so"
      case 401, 403: "let this host read the document without credentials"
      case 429: "ask the provider to allow more fetches, or lengthen refresh; the fetch is repeated by itself"
      case 500...: "the provider is at fault; the fetch is repeated by itself"
      default: "check that the url is the provider's own"
      }
    var fault = FetchFault(.httpStatus, found: "\(address.shown) answered status \(status) in place of 200")
    fault.status = status
    fault.advice = advice
    fault.retryAfter = RetryAfter.duration(in: headers, now: Int64(time(nil)))
    if let pause = fault.retryAfter {
      fault.found += " and asks for a pause of \(pause.components.seconds) s (Retry-After)"
    }
    return fault
  }

  /// The origin that a redirect points to; path and query may hold secrets and stay out.
  private static func target(of headers: HTTPHeaders, from address: WebAddress) -> String {
    guard let location = headers.first(name: "location") else { return "nowhere (no Location)" }
    // A `Location` that is no absolute address is most often a path.
    if let target = try? WebAddress(parsing: location) {
      return target.hasSameOrigin(as: address) ? "another path of the same server" : target.origin
    }
    return location.utf8.starts(with: "/".utf8) && !location.utf8.starts(with: "//".utf8)
      ? "another path of the same server" : "an address that cannot be shown"
  }
}
