import BearerJOSE
import BearerKeys

/// Finds out whether an issuer's keys can be had, and what to mend if not; what `bearerd check` does per issuer.
package struct IssuerProbe: Sendable {
  private let settings: KeySourceSettings
  private let source: IssuerKeySource

  /// A probe that takes the same way as the daemon's own fetches.
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
