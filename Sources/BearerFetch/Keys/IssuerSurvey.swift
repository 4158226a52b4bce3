package import BearerJOSE
import BearerJSON
import BearerKeys

/// What an issuer publishes about itself, for `bearerd init`.
package struct IssuerSurvey: Equatable, Sendable {
  /// What the fetch found, as `bearerd check` would report it.
  package var report: ProbeReport
  /// The issuer's own spelling of its name, which its tokens have as `iss`; `nil` if it could not be learnt.
  package var issuer: String?
  /// The algorithms that its usable keys are for, in the order of ``Algorithm``'s table.
  package var algorithms: [Algorithm]

  /// Asks an issuer.
  ///
  /// The discovery document must name its issuer (OpenID Connect Discovery 1.0 section 4.3). If it spells the name
  /// differently, that spelling is asked as well, and believed only if the document there repeats it.
  ///
  /// - Parameters:
  ///   - url: The issuer as somebody wrote it.
  ///   - network: What fetches share.
  /// - Returns: What the issuer says under its own name, or what went wrong under the given one.
  package static func run(url: String, network: FetchNetwork) async -> IssuerSurvey {
    let first = await fetch(url, network)
    guard let own = first.issuer, !own.utf8.elementsEqual(url.utf8) else { return first }
    let second = await fetch(own, network)
    return second.report.isUsable ? second : first
  }

  private static func fetch(_ url: String, _ network: FetchNetwork) async -> IssuerSurvey {
    let settings = KeySourceSettings(url: url, algorithms: Set(Algorithm.allCases))
    let (result, record) = await IssuerKeySource(settings: settings, network: network)
      .fetchRecording(previous: nil, validators: nil)
    // A body that is no document is already reported as a fault of the fetch.
    let document = record.discovery.flatMap { try? JSONValue(parsing: $0.body) }
    let listed = document?["id_token_signing_alg_values_supported"]?.arrayValue?.compactMap(\.stringValue) ?? []
    var algorithms: [Algorithm] = []
    if case .success(.keys(let fetched)) = result {
      algorithms = self.algorithms(
        of: fetched.keys, listed: listed.reduce(into: []) { $0.formUnion(AlgorithmSet(named: $1)) })
    }
    return IssuerSurvey(
      report: ProbeReport(
        issuer: url, findings: ProbeFindings.findings(result: result, record: record, settings: settings)),
      issuer: document?["issuer"]?.stringValue, algorithms: algorithms)
  }

  /// For each key, the algorithms that fit it and that the provider lists; all that fit it if none of them is listed.
  private static func algorithms(of keys: KeySet, listed: AlgorithmSet) -> [Algorithm] {
    var all: AlgorithmSet = []
    for fitting in keys.usableAlgorithms {
      let narrowed = fitting.intersection(listed)
      all.formUnion(narrowed.isEmpty ? fitting : narrowed)
    }
    return all.algorithms
  }
}
