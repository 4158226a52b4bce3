import BearerJOSE
import BearerKeys

/// Tries to fetch an issuer's keys, and says what to mend if it fails; for `bearerd check`.
package struct IssuerProbe: Sendable {
  private let settings: KeySourceSettings
  private let source: IssuerKeySource

  /// A probe that fetches as the daemon does.
  ///
  /// - Parameters:
  ///   - settings: The issuer's settings.
  ///   - network: What the probes of all issuers share.
  package init(settings: KeySourceSettings, network: FetchNetwork) {
    self.settings = settings
    source = IssuerKeySource(settings: settings, network: network)
  }

  /// Fetches once, within the settings' `timeout`, and reports.
  package func run() async -> ProbeReport {
    let (result, record) = await source.fetchRecording(previous: nil, validators: nil)
    return ProbeReport(
      issuer: settings.url, findings: ProbeFindings.findings(result: result, record: record, settings: settings))
  }
}
