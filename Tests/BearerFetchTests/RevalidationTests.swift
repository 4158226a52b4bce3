import BearerFetch
import BearerJOSE
import BearerKeys
import BearerProviderKit
import BearerTestKit
import Testing

@Suite(.timeLimit(.minutes(10)))
struct RevalidationTests {
  @Test("an unchanged set is revalidated by its ETag: 304, with the lifetime begun anew")
  func revalidation() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.useETags()
      trial.provider.setHeaders([("Cache-Control", "max-age=120")])
      let source = trial.source()
      let first = try #require(await source.fetch(previous: nil, validators: nil).fetched)
      let result = await source.fetch(previous: first.keys, validators: first.validators)
      guard case .success(.unchanged(let lifetime, let validators)) = result else {
        Issue.record("not revalidated: \(result)")
        return
      }
      #expect(lifetime == .seconds(120))
      #expect(validators == first.validators)
      trial.provider.setKeys(TestKey.set(try TestKey(kid: "k2")))
      let second = await source.fetch(previous: first.keys, validators: first.validators).fetched
      #expect(second?.keys.entries.map(\.kid) == ["k2"])
    }
  }

  @Test("validators are sent only by who holds the set, and only to the address that gave them")
  func validatorsBelongToAddress() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.useETags()
      let source = trial.source(discoveryReuse: .zero)
      let first = try #require(await source.fetch(previous: nil, validators: nil).fetched)
      #expect(await source.fetch(previous: nil, validators: first.validators).fetched != nil)
      trial.provider.present(keysAddress: trial.provider.origin + "/jwks?v=2")
      #expect(await source.fetch(previous: first.keys, validators: first.validators).fetched != nil)
      let fresh = trial.source()
      #expect(await fresh.fetch(previous: first.keys, validators: first.validators).fetched != nil)
      #expect(trial.provider.requests.allSatisfy { $0.headers["if-none-match"] == nil })
    }
  }

  @Test("one fetch asks caches to ask the provider, if it is told to, for both documents")
  func bypassCaches() async throws {
    try await ProviderTrial.run { trial in
      let source = trial.source()
      #expect(await source.fetch(previous: nil, validators: nil).fetched != nil)
      source.forgetDiscovery()
      source.bypassCaches()
      // What is told later takes nothing back.
      source.forgetDiscovery()
      #expect(await source.fetch(previous: nil, validators: nil).fetched != nil)
      source.forgetDiscovery()
      #expect(await source.fetch(previous: nil, validators: nil).fetched != nil)
      #expect(
        trial.provider.requests.map { $0.headers["cache-control"] } == [nil, nil, "no-cache", "no-cache", nil, nil])
    }
  }

  private static let date = "Sun, 06 Nov 1994 08:49:37 GMT"
  private static let laterDate = "Sun, 06 Nov 1994 08:59:37 GMT"

  @Test("a provider without ETag is asked by the date that it sent, as it sent it")
  func lastModified() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.setHeaders([("Last-Modified", Self.date)])
      let source = trial.source()
      let first = try #require(await source.fetch(previous: nil, validators: nil).fetched)
      #expect(first.validators == FetchValidators(lastModified: Self.date))
      let unchanged = await source.fetch(previous: first.keys, validators: first.validators).unchanged
      #expect(unchanged == Unchanged(lifetime: nil, validators: first.validators))
      #expect(trial.provider.requests.map { $0.headers["if-modified-since"] } == [nil, nil, Self.date])
      trial.provider.setHeaders([("Last-Modified", Self.laterDate)])
      let second = await source.fetch(previous: first.keys, validators: first.validators).fetched
      #expect(second?.validators == FetchValidators(lastModified: Self.laterDate))
    }
  }

  @Test(
    "an ETag is kept only if it is one entity tag: what fits anything would keep a withdrawn key",
    arguments: [
      ("\"a\"", true), ("W/\"a\"", true), ("\"\"", true), ("*", false), ("\"a\", *", false), ("\"a\", \"b\"", false),
      ("a", false), ("\"", false), ("W/", false), ("w/\"a\"", false), ("", false),
    ])
  func entityTags(_ field: String, _ isKept: Bool) async throws {
    try await ProviderTrial.run { trial in
      trial.provider.setHeaders([("ETag", field)])
      let fetched = try #require(await trial.source().fetch(previous: nil, validators: nil).fetched)
      #expect(fetched.validators == FetchValidators(etag: isKept ? field : nil))
    }
  }

  @Test(
    "a 304 has the lifetime of its own fields, and replaces only the validators that it repeats, if it is about the set that is held"
  )
  func notModified() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.setHeaders(
        [("ETag", "\"one\""), ("Last-Modified", Self.date), ("Cache-Control", "max-age=300")])
      let source = trial.source()
      let first = try #require(await source.fetch(previous: nil, validators: nil).fetched)
      let both = FetchValidators(etag: "\"one\"", lastModified: Self.date)
      #expect(first.validators == both)
      let answers: [([(String, String)], Duration?, FetchValidators)] = [
        ([], nil, both), ([("Cache-Control", "max-age=120"), ("Age", "20")], .seconds(100), both),
        (
          [("ETag", "\"one\""), ("Last-Modified", Self.laterDate)], nil,
          FetchValidators(etag: "\"one\"", lastModified: Self.laterDate)
        ),
      ]
      for (headers, lifetime, validators) in answers {
        trial.provider.answerNext(.keys, with: .status(304, headers: headers))
        let unchanged = await source.fetch(previous: first.keys, validators: first.validators).unchanged
        #expect(unchanged == Unchanged(lifetime: lifetime, validators: validators))
        #expect(trial.provider.requests.last?.headers["if-none-match"] == "\"one\"")
        #expect(trial.provider.requests.last?.headers["if-modified-since"] == Self.date)
      }
    }
  }

  static let lifetimes: [([(String, String)], Duration?)] = [
    ([], nil),
    ([("Cache-Control", "public"), ("Cache-Control", "max-age=60")], .seconds(60)),
    ([("Cache-Control", "max-age=300"), ("Age", "100")], .seconds(200)),
    ([("Cache-Control", "no-store")], .zero),
    ([("Expires", laterDate), ("Date", date)], .seconds(600)),
    ([("Expires", laterDate), ("Date", date), ("Age", "60")], .seconds(540)),
    ([("Expires", laterDate)], .zero),
  ]

  @Test("a key set's lifetime is what all its header fields say", arguments: lifetimes.indices)
  func lifetime(_ index: Int) async throws {
    let (headers, lifetime) = Self.lifetimes[index]
    try await ProviderTrial.run { trial in
      trial.provider.setHeaders(headers)
      let fetched = try #require(await trial.source().fetch(previous: nil, validators: nil).fetched)
      #expect(fetched.lifetime == lifetime)
    }
  }

  @Test("a 304 with another tag is about another set: the set is asked for in full")
  func foreignNotModified() async throws {
    try await ProviderTrial.run { trial in
      trial.provider.setHeaders([("ETag", "\"one\"")])
      let source = trial.source()
      let first = try #require(await source.fetch(previous: nil, validators: nil).fetched)
      trial.provider.answerNext(.keys, with: .status(304, headers: [("ETag", "\"two\"")]))
      let again = await source.fetch(previous: first.keys, validators: first.validators).fetched
      #expect(again?.validators == FetchValidators(etag: "\"one\""))
      #expect(trial.provider.requests.map { $0.headers["if-none-match"] }.suffix(2) == ["\"one\"", nil])
      trial.provider.answerNext(.keys, with: .status(304, headers: [("Last-Modified", Self.laterDate)]))
      let dated = FetchValidators(etag: nil, lastModified: Self.date)
      #expect(await source.fetch(previous: first.keys, validators: dated).fetched != nil)
      // The same tag, called weak on the way, is the same.
      trial.provider.answerNext(.keys, with: .status(304, headers: [("ETag", "W/\"one\"")]))
      let third = await source.fetch(previous: first.keys, validators: first.validators)
      guard case .success(.unchanged) = third else {
        Issue.record("not revalidated: \(third)")
        return
      }
    }
  }
}
