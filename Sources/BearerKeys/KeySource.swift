package import BearerJOSE

/// A response's validators, to ask the provider later whether anything changed (RFC 9110 sections 8.8.2 and 8.8.3).
package struct FetchValidators: Equatable, Sendable {
  /// The `ETag` header's value as it came.
  package var etag: String?
  /// The `Last-Modified` header's value as it came.
  package var lastModified: String?

  /// Validators of one response; both may be absent.
  package init(etag: String? = nil, lastModified: String? = nil) {
    self.etag = etag
    self.lastModified = lastModified
  }
}

/// A key set that a provider sent and that passed every check of a replacement.
package struct FetchedKeys: Sendable {
  /// The set; it holds at least one usable key.
  package var keys: KeySet
  /// The bytes that it was parsed from, for the snapshot on disk.
  package var body: [UInt8]
  /// How long the response's headers let it be used, already reduced by `Age`; `nil` if they say nothing.
  package var lifetime: Duration?
  /// What to send with the next fetch.
  package var validators: FetchValidators
  /// Whether a cache on the way says that it kept the answer (`Age`, RFC 9111 section 5.1).
  package var isFromCache: Bool

  /// A fetched key set.
  package init(
    keys: KeySet, body: [UInt8], lifetime: Duration?, validators: FetchValidators = FetchValidators(),
    isFromCache: Bool = false
  ) {
    self.keys = keys
    self.body = body
    self.lifetime = lifetime
    self.validators = validators
    self.isFromCache = isFromCache
  }
}

/// How a fetch ended well.
package enum FetchOutcome: Sendable {
  /// A key set that may replace the one in use.
  case keys(FetchedKeys)
  /// The provider says that the set is the one it sent before (304); the lifetime starts anew.
  case unchanged(lifetime: Duration?, validators: FetchValidators)
}

/// Where an issuer's keys come from: discovery, a JWKS address, a file; or a script in tests.
package protocol KeySource: Sendable {
  /// Fetches the key set once, with its own bound on the whole time.
  ///
  /// - Parameters:
  ///   - previous: The set in use, whose compiled keys are kept where the new set repeats them.
  ///   - validators: What the last success sent, for revalidation; `nil` for an unconditional fetch.
  /// - Returns: The outcome, or the fault that leaves everything as it was.
  func fetch(previous: KeySet?, validators: FetchValidators?) async -> Result<FetchOutcome, FetchFault>

  /// Makes the next fetch find out anew where the keys are, if the source finds that out at all.
  func forgetDiscovery()

  /// Makes the next fetch ask caches on the way to confirm their answer with the provider (`Cache-Control: no-cache`,
  /// RFC 9111 section 5.2.1.4).
  func bypassCaches()
}

extension KeySource {
  /// Does nothing: the keys are always in the same place.
  package func forgetDiscovery() {}

  /// Does nothing: there are no caches on the way.
  package func bypassCaches() {}
}
