import BearerAddress
import BearerJOSE
import BearerKeys
import NIOHTTP1

/// Turns the record of a fetch into findings.
enum ProbeFindings {
  /// Seconds by which clocks may differ without a warning: the default `leeway` of a policy.
  static let clockTolerance: Int64 = 30

  /// The findings in the order in which a fetch meets them.
  ///
  /// - Parameters:
  ///   - result: How the fetch ended.
  ///   - record: What it received.
  ///   - settings: What was configured.
  /// - Returns: At least one finding; one of severity `error` if and only if the fetch failed.
  static func findings(
    result: Result<FetchOutcome, FetchFault>, record: FetchRecord, settings: KeySourceSettings
  ) -> [ProbeReport.Finding] {
    var findings: [ProbeReport.Finding] = []
    if let discovery = record.discovery, let address = record.keysAddress {
      findings.append(
        .init(
          .ok, "discovery", found: "discovery at \(discovery.address.shown) names this issuer and \(address.shown)"))
    }
    if settings.connectTo != nil { findings += connectTo(record: record, settings: settings) }
    switch result {
    case .failure(let failure): findings.append(finding(of: failure))
    case .success(.unchanged): break
    case .success(.keys(let fetched)):
      findings += keys(
        fetched.keys, origin: record.keysAddress?.shown ?? "the file", isFile: record.keysAddress == nil)
      if record.keysAnswer != nil { findings.append(lifetime(fetched.lifetime)) }
    }
    if let finding = clock(record: record) { findings.append(finding) }
    return findings
  }

  private static func finding(of failure: FetchFault) -> ProbeReport.Finding {
    let isSlash = failure.code == .issuerMismatch && failure.advice == DiscoveryDocument.slashAdvice
    return .init(
      .error, isSlash ? "issuer_trailing_slash" : failure.code.rawValue, found: failure.found, advice: failure.advice)
  }

  private static func keys(_ set: KeySet, origin: String, isFile: Bool) -> [ProbeReport.Finding] {
    var findings = [
      ProbeReport.Finding(
        .ok, "keys", found: "\(set.usableKeys) of \(set.entries.count + set.leftOut) keys at \(origin) can be used")
    ]
    for (index, entry) in set.entries.enumerated() {
      guard let problem = entry.problem else { continue }
      let name = KeyProblems.name(of: entry, number: index + 1) + KeyProblems.kind(of: entry)
      let advice = KeyProblems.advice(for: entry, isFile: isFile)
      findings.append(
        .init(
          advice == nil ? .ok : .warning, problem.rawValue,
          found: "\(name) \(entry.isUsable ? "can be used, but" : "is skipped"): \(KeyProblems.words(for: entry))",
          advice: advice))
    }
    return findings
  }

  private static func lifetime(_ lifetime: Duration?) -> ProbeReport.Finding {
    guard let lifetime else {
      return .init(.ok, "no_cache_headers", found: "the key set says nothing of its lifetime; refresh alone decides")
    }
    if lifetime < .seconds(60) {
      return .init(
        .ok, "short_lifetime",
        found: "the key set asks to be kept \(lifetime.components.seconds) seconds; it is kept for a minute")
    }
    return .init(.ok, "lifetime", found: "the key set may be kept \(lifetime.components.seconds) seconds")
  }

  private static func clock(record: FetchRecord) -> ProbeReport.Finding? {
    guard let answer = record.keysAnswer ?? record.discovery, let answeredAt = record.answeredAt,
      let date = answer.headers.first(name: "date").flatMap(HTTPDate.seconds)
    else { return nil }
    // A cache keeps the `Date` of the origin and adds `Age`, which must be subtracted.
    let age = answer.headers.first(name: "age").flatMap { Int64($0) } ?? 0
    guard (0...86_400 * 365).contains(age) else { return nil }
    let difference = answeredAt - date - age
    guard abs(difference) > clockTolerance else { return nil }
    return .init(
      .warning, "clock_difference",
      found: "this host's clock is \(abs(difference)) seconds \(difference > 0 ? "ahead of" : "behind") the provider's",
      advice: "synchronise the clocks; beyond a policy's leeway, good tokens are refused or bad ones accepted")
  }

  private static func connectTo(record: FetchRecord, settings: KeySourceSettings) -> [ProbeReport.Finding] {
    guard let address = record.keysAddress, !FetchRoute.appliesConnectTo(to: address, settings: settings.connection)
    else {
      return []
    }
    return [
      .init(
        .warning, "connect_to_not_used",
        found: "the keys are at \(address.origin), another authority than url's, so connect_to does not serve them",
        advice: "check that \(address.origin) can be reached from this host")
    ]
  }
}
