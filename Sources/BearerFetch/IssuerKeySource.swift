import BearerAddress
package import BearerJOSE
package import BearerKeys
import Glibc
package import NIOCore
import NIOSSL
import Synchronization

/// An issuer's keys over the network: discovery and JWKS, or the JWKS alone; or from a file.
///
/// One fetch is discovery (when it is due) and key set together, within the settings' `timeout`. The `jwks_uri` that
/// discovery names is used for `discoveryReuse`, then read anew, and at once after any failure: a provider that moves
/// its keys is followed by the next regular refresh, and one that answers 404 at the old place by the next attempt. While
/// discovery cannot be had, every other attempt goes to the address that it named last: a document that is out of reach
/// is no reason to do without keys that are not.
package final class IssuerKeySource: KeySource {
  /// What is remembered between fetches.
  private struct Memory {
    /// The last `jwks_uri` that discovery named.
    var discovered: WebAddress?
    /// Until when it is used without reading the document again.
    var discoveryDue: ContinuousClock.Instant?
    /// Whether the next fetch goes to `discovered` although the document is due: it could not be had just now.
    var skipsDiscovery = false
    /// Whether the next fetch asks caches to have what they keep confirmed.
    var goesPastCaches = false
    /// Whether files are being read, perhaps for a fetch that was given up.
    var isReadingFiles = false
    /// Where the last key set came from: its validators say nothing about another address.
    var validated: WebAddress?
  }

  /// How the keys are found.
  package let settings: KeySourceSettings
  private let group: any EventLoopGroup
  private let environment: [String: String]
  private let discoveryReuse: Duration
  private let now: @Sendable () -> ContinuousClock.Instant
  private let memory = Mutex(Memory())

  /// A source that holds no connection and no thread while nothing is fetched.
  ///
  /// - Parameters:
  ///   - settings: How the keys are found.
  ///   - group: The event loops that fetches run on.
  ///   - environment: The process's environment, for `HTTPS_PROXY` and `NO_PROXY`.
  ///   - discoveryReuse: How long a `jwks_uri` is used without reading the discovery document again.
  ///   - now: The clock that `discoveryReuse` is measured by.
  package init(
    settings: KeySourceSettings, group: any EventLoopGroup, environment: [String: String],
    discoveryReuse: Duration = FetchLimits.discoveryReuse,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    self.settings = settings
    self.group = group
    self.environment = environment
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
    await fetchRecording(previous: previous, validators: validators).result.mapError(\.fault)
  }

  /// Has the next fetch read the discovery document anew, and go past caches if it is to.
  package func lookAnew(pastCaches: Bool) {
    memory.withLock { memory in
      memory.discoveryDue = nil
      if pastCaches { memory.goesPastCaches = true }
    }
  }

  /// Fetches once and tells what was met on the way.
  func fetchRecording(
    previous: KeySet?, validators: FetchValidators?
  ) async -> (result: Result<FetchOutcome, FetchFailure>, record: FetchRecord) {
    let late = FetchFailure(
      .timedOut, found: "no answer within \(settings.timeout)", mend: "check that the provider is reachable")
    return await Deadline.run(within: settings.timeout, late: (.failure(late), FetchRecord())) {
      var record = FetchRecord()
      do throws(FetchFailure) {
        if case .jwksFile(let path) = self.settings.kind {
          let file = JWKSFileSource(
            path: path, algorithms: self.settings.algorithms, bodyBytes: self.settings.bodyBytes)
          return (try await self.readFiles { file.read(previous: previous) }, record)
        }
        let outcome = try await self.fetch(previous: previous, validators: validators, record: &record)
        return (.success(outcome), record)
      } catch {
        self.lookAnew(pastCaches: false)
        return (.failure(error), record)
      }
    }
  }

  /// Reads files of the configuration, on a thread of their own.
  private func readFiles<Value: Sendable>(
    _ body: @escaping @Sendable () -> Value
  ) async throws(FetchFailure) -> Value {
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
    throw FetchFailure(
      .timedOut, found: "a file that the configuration names was not read within \(settings.timeout)",
      mend: "put it on a disk that answers")
  }

  private func fetch(
    previous: KeySet?, validators: FetchValidators?, record: inout FetchRecord
  ) async throws(FetchFailure) -> FetchOutcome {
    let goesPastCaches = memory.withLock { memory in
      defer { memory.goesPastCaches = false }
      return memory.goesPastCaches
    }
    let tls: TLSConfiguration
    if settings.caFile == nil, settings.clientCertificateFile == nil {
      tls = try TLSMaterial.configuration(for: settings)
    } else {
      tls = try await readFiles { [settings] in
        Result { () throws(FetchFailure) in try TLSMaterial.configuration(for: settings) }
      }.get()
    }
    let session = FetchSession(
      settings: settings, tls: tls, group: group, environment: environment, goesPastCaches: goesPastCaches)
    let outcome: Result<FetchOutcome, FetchFailure>
    do throws(FetchFailure) {
      let address = try await keysAddress(in: session, record: &record)
      record.keysAddress = address
      outcome = .success(
        try await keys(at: address, in: session, previous: previous, validators: validators, record: &record))
    } catch {
      outcome = .failure(error)
    }
    session.close()
    return try outcome.get()
  }

  /// Where the keys are: configured, remembered, or discovered now.
  private func keysAddress(
    in session: FetchSession, record: inout FetchRecord
  ) async throws(FetchFailure) -> WebAddress {
    if case .jwksURI(let text) = settings.kind {
      return try DiscoveryDocument.keysAddress(text, origin: "the configured jwks_uri")
    }
    let remembered = memory.withLock { memory in
      defer { memory.skipsDiscovery = false }
      return memory.skipsDiscovery || memory.discoveryDue.map { now() < $0 } == true ? memory.discovered : nil
    }
    if let remembered { return remembered }
    do throws(FetchFailure) {
      let answer = try await session.get(DiscoveryDocument.address(ofIssuer: settings.url), accept: "application/json")
      record.discovery = answer
      record.answeredAt = Int64(time(nil))
      let address = try DiscoveryDocument(parsing: answer, issuer: settings.url).keysAddress
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

  private func keys(
    at address: WebAddress, in session: FetchSession, previous: KeySet?, validators: FetchValidators?,
    record: inout FetchRecord
  ) async throws(FetchFailure) -> FetchOutcome {
    // A 304 is worth something only to who holds the set it is about.
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
    let keys = try KeySetDocument.keys(
      in: answer.body, origin: address.shown, answer: answer, algorithms: settings.algorithms, reusing: previous)
    memory.withLock { $0.validated = address }
    return .keys(
      FetchedKeys(keys: keys, body: answer.body, lifetime: lifetime, validators: answer.validators))
  }
}

extension FetchFault.Code {
  /// Whether the provider's own document says so: then what it said before does not hold any more.
  fileprivate var isDiscoveryStatement: Bool {
    switch self {
    case .issuerMismatch, .noJWKSURI, .jwksURIRefused, .notDiscovery: true
    default: false
    }
  }
}

extension FetchValidators {
  /// Whether a 304 with these is about the set that came with `others`: the tag decides, without one the date, and
  /// what is missing in one of them says nothing.
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
