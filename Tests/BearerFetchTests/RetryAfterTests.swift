import BearerKeys
import BearerProviderKit
import NIOHTTP1
import Testing

@testable import BearerFetch

@Suite struct RetryAfterTests {
  /// 1994-11-06 08:49:37 UTC, in the three forms that RFC 9110 section 5.6.7 has.
  private static let then: Int64 = 784_111_777

  static let cases: [(field: String?, date: String?, seconds: Int64?)] = [
    (nil, nil, nil), ("", nil, nil), ("0", nil, nil), ("-5", nil, nil), ("1.5", nil, nil), ("soon", nil, nil),
    ("120", nil, 120), (" 7 ", nil, 7), ("99999999999999999999", nil, 1 << 31),
    ("Sun, 06 Nov 1994 08:51:37 GMT", nil, 120), ("Sunday, 06-Nov-94 08:51:37 GMT", nil, 120),
    ("Sun Nov  6 08:51:37 1994", nil, 120), ("Sun, 06 Nov 1994 08:49:37 GMT", nil, nil),
    ("Sun, 06 Nov 1994 08:00:00 GMT", nil, nil),
    // The provider's clock, an hour ahead of this host's, is right about its own pause.
    ("Sun, 06 Nov 1994 09:51:37 GMT", "Sun, 06 Nov 1994 09:49:37 GMT", 120),
    ("Sun, 06 Nov 1994 08:51:37 GMT", "no date", 120), ("60", "Sun, 06 Nov 1994 09:49:37 GMT", 60),
  ]

  @Test("seconds and dates are read, what is neither or over asks for nothing", arguments: cases.indices)
  func duration(_ index: Int) {
    let example = Self.cases[index]
    var headers = HTTPHeaders()
    if let field = example.field { headers.add(name: "Retry-After", value: field) }
    if let date = example.date { headers.add(name: "Date", value: date) }
    #expect(RetryAfter.duration(in: headers, now: Self.then) == example.seconds.map { .seconds($0) })
  }

  @Test("the pause comes with the fault, for the key set and for discovery, and is told")
  func fault() async throws {
    try await ProviderTrial.run { trial in
      for (endpoint, path) in [
        (FaultyProvider.Endpoint.keys, "/jwks"), (.discovery, "/.well-known/openid-configuration"),
      ] {
        trial.provider.answer(endpoint, with: .status(429, headers: [("Retry-After", "40")]))
        let fault = await trial.source().fetch(previous: nil, validators: nil).fault
        #expect(fault?.retryAfter == .seconds(40))
        #expect(
          fault?.message
            == "\(trial.provider.origin)\(path) answered status 429 in place of 200 and asks for a pause of 40 s "
            + "(Retry-After). Ask the provider to allow more fetches, or lengthen refresh; the fetch is repeated by itself."
        )
      }
    }
  }
}
