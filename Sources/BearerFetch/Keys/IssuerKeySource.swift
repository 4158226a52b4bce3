import BearerAddress
package import BearerJOSE
package import BearerKeys
import Glibc
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// An issuer's keys over the network: discovery and JWKS, or the JWKS alone; or from a file.
///
/// One fetch is discovery (when it is due) and key set together, within the settings' `timeout`. The `jwks_uri` that
/// discovery names is used for `discoveryReuse`; after any failure it is read again at once. So the next regular
/// refresh notices that keys have moved, or the next attempt if the old place answers 404. While discovery fails, every
/// other attempt goes to the last known `jwks_uri`, since the keys may be reachable although the document is not.
package final class IssuerKeySource: KeySource {
  /// What is remembered between fetches.
  private struct Memory {
    /// The last `jwks_uri` that discovery named.
    var discovered: WebAddress?
    /// Until when it is used without reading the document again.
    var discoveryDue: ContinuousClock.Instant?
    /// Whether the next fetch goes to `discovered` although the document is due: reading it has just failed.
    var skipsDiscovery = false
    /// Whether the next fetch asks caches to revalidate what they keep.
    var goesPastCaches = false
    /// Whether files are being read, perhaps for a fetch that was given up.
    var isReadingFiles = false
    /// Where the last key set came from: its validators say nothing about another address.
    var validated: WebAddress?
  }

  /// How the keys are found.
  package let settings: KeySourceSettings
  private let network: FetchNetwork
  private let discoveryReuse: Duration
  private let now: @Sendable () -> ContinuousClock.Instant
  private let memory = Mutex(Memory())

  /// A source that holds no connection and no thread while nothing is fetched.
  ///
  /// - Parameters:
  ///   - settings: How the keys are found.
  ///   - network: What the fetches of all issuers share.
  ///   - discoveryReuse: How long a `jwks_uri` is used without reading the discovery document again.
  ///   - now: The clock that `discoveryReuse` is measured by.
  package init(
    settings: KeySourceSettings, network: FetchNetwork,
    discoveryReuse: Duration = FetchLimits.discoveryReuse,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    self.settings = settings
    self.network = network
    self.discoveryReuse = discoveryReuse
    self.now = now
  }

  /// Fetches the key set once.
  ///
  /// - Parameters:
  ///   - previous: The set in use, whose compiled keys are kept where the new set repeats them.
  ///   - validators: What the last success sent; used only for the address that sent it.
  /// - Returns: The outcome, or the fault that leaves everything as it was.
  package func fetch(
    previous: KeySet?, validators: FetchValidators?
  ) async -> Result<FetchOutcome, FetchFault> {
    await fetchRecording(previous: previous, validators: validators).result
  }

  /// Makes the next fetch read the discovery document again.
  package func forgetDiscovery() { memory.withLock { $0.discoveryDue = nil } }

  /// Makes the next fetch ask caches to revalidate what they keep (RFC 9111 section 5.2.1.4).
  package func bypassCaches() { memory.withLock { $0.goesPastCaches = true } }

  /// Fetches once, and also returns what was received.
  func fetchRecording(
    previous: KeySet?, validators: FetchValidators?
  ) async -> (result: Result<FetchOutcome, FetchFault>, record: FetchRecord) {
    let late = FetchFault(
      .timedOut, found: "no answer within \(settings.timeout)", advice: "check that the provider is reachable")
    return await Deadline.run(within: settings.timeout, late: (.failure(late), FetchRecord())) {
      var record = FetchRecord()
      do throws(FetchFault) {
        if case .jwksFile(let path) = self.settings.origin {
          let file = JWKSFileSource(
            path: path, algorithms: self.settings.algorithms, bodyBytes: self.settings.bodyBytes)
          return (try await self.readFiles { file.read(previous: previous) }, record)
        }
        let outcome = try await self.fetch(previous: previous, validators: validators, record: &record)
        return (.success(outcome), record)
      } catch {
        self.forgetDiscovery()
        return (.failure(error), record)
      }
    }
  }

  /// Reads files of the configuration, on a thread of their own.
  private func readFiles<Value: Sendable>(
    _ body: @escaping @Sendable () -> Value
  ) async throws(FetchFault) -> Value {
    let isFree = memory.withLock { memory in
      defer { memory.isReadingFiles = true }
      return !memory.isReadingFiles
    }
    let value =
      !isFree
      ? nil
      : await FileThread.run { [self] in
        defer { memory.withLock { $0.isReadingFiles = false } }
        return body()
      }
    if let value { return value }
    throw FetchFault(
      .timedOut, found: "a file that the configuration names was not read within \(settings.timeout)",
      advice: "put it on a disk that answers")
  }

  private func fetch(
    previous: KeySet?, validators: FetchValidators?, record: inout FetchRecord
  ) async throws(FetchFault) -> FetchOutcome {
    let goesPastCaches = memory.withLock { memory in
      defer { memory.goesPastCaches = false }
      return memory.goesPastCaches
    }
    let deadline = NIODeadline.now() + TimeAmount(settings.timeout)
    let connection = settings.connection
    let tls: TLSConfiguration
    if connection.tls == TLSFiles() {
      tls = try network.materials.configuration(for: connection.tls)
    } else {
      tls = try await readFiles { [network] in
        Result { () throws(FetchFault) in try network.materials.configuration(for: connection.tls) }
      }.get()
    }
    let pool = HTTPPool(group: network.group)
    let session = FetchSession(
      requester: HTTPRequester(settings: connection, tls: tls, pool: pool, network: network, deadline: deadline),
      goesPastCaches: goesPastCaches)
    let outcome: Result<FetchOutcome, FetchFault>
    do throws(FetchFault) {
      let address = try await keysAddress(in: session, record: &record)
      record.keysAddress = address
      outcome = .success(
        try await keys(at: address, in: session, previous: previous, validators: validators, record: &record))
    } catch {
      outcome = .failure(error)
    }
    pool.close()
    return try outcome.get()
  }

  /// Where the keys are: configured, remembered, or discovered now.
  private func keysAddress(
    in session: FetchSession, record: inout FetchRecord
  ) async throws(FetchFault) -> WebAddress {
    if case .jwksURI(let text) = settings.origin {
      return try DiscoveryDocument.keysAddress(text, origin: "the configured jwks_uri")
    }
    let remembered = memory.withLock { memory in
      defer { memory.skipsDiscovery = false }
      return memory.skipsDiscovery || memory.discoveryDue.map { now() < $0 } == true ? memory.discovered : nil
    }
    if let remembered { return remembered }
    do throws(FetchFault) {
      let address = try await discover(in: session, record: &record).keysAddress
      memory.withLock { memory in
        memory.discovered = address
        memory.discoveryDue = now() + discoveryReuse
      }
      return address
    } catch {
      memory.withLock { memory in
        if error.code.isDiscoveryStatement { memory.discovered = nil }
        memory.skipsDiscovery = true
      }
      throw error
    }
  }

  private func discover(
    in session: FetchSession, record: inout FetchRecord
  ) async throws(FetchFault) -> DiscoveryDocument {
    try await DiscoveryDocument.first(
      ofIssuer: settings.url, orElse: "the address of its keys as jwks_uri"
    ) { address throws(FetchFault) in
      let answer = try await session.get(address, accept: "application/json")
      record.discovery = answer
      record.answeredAt = Int64(time(nil))
      return try DiscoveryDocument(parsing: answer, issuer: settings.url)
    }
  }

  private func keys(
    at address: WebAddress, in session: FetchSession, previous: KeySet?, validators: FetchValidators?,
    record: inout FetchRecord
  ) async throws(FetchFault) -> FetchOutcome {
    // A 304 helps only if the set that it is about is held.
    let isComparable = previous != nil && memory.withLock { $0.validated == address }
    let accept = "application/jwk-set+json, application/json"
    var answer = try await session.get(address, accept: accept, validators: isComparable ? validators : nil)
    if answer.status == 304, !answer.validators.agree(with: validators) {
      // RFC 9111 section 4.3.4: it is about another set than the one that is held.
      answer = try await session.get(address, accept: accept)
    }
    record.keysAnswer = answer
    let now = Int64(time(nil))
    record.answeredAt = now
    let lifetime = answer.lifetime(now: now)
    if answer.status == 304 {
      // RFC 9110 section 15.4.5: a 304 repeats the validators, but not every server does.
      return .unchanged(
        lifetime: lifetime,
        validators: FetchValidators(
          etag: answer.validators.etag ?? validators?.etag,
          lastModified: answer.validators.lastModified ?? validators?.lastModified))
    }
    let keys = try await network.compute { [settings, answer] in
      Result { () throws(FetchFault) in
        try KeySetDocument.keys(
          in: answer.body, origin: address.shown, answer: answer, algorithms: settings.algorithms, reusing: previous,
          usesPublishedPrivateKeys: address.isLoopback)
      }
    }.get()
    memory.withLock { $0.validated = address }
    return .keys(
      FetchedKeys(
        keys: keys, body: answer.body, lifetime: lifetime, validators: answer.validators,
        isFromCache: answer.headers.contains(name: "age")))
  }
}

extension FetchValidators {
  /// Whether a 304 with these is about the set that came with `others`: the tags decide, else the dates; true if there
  /// is nothing to compare.
  fileprivate func agree(with others: FetchValidators?) -> Bool {
    if let etag, let other = others?.etag { return etag.opaqueTag.utf8.elementsEqual(other.opaqueTag.utf8) }
    guard let lastModified, let other = others?.lastModified else { return true }
    return lastModified.utf8.elementsEqual(other.utf8)
  }
}

extension String {
  /// An entity tag without its mark of weakness (RFC 9110 section 8.8.3.2, weak comparison).
  fileprivate var opaqueTag: Substring { hasPrefix("W/") ? dropFirst(2) : self[...] }
}
