import BearerJOSE
import BearerKeys
package import NIOCore

/// Finds out whether an issuer's keys can be had, and what to mend if not; what `bearerd check` does per issuer.
package struct IssuerProbe: Sendable {
  private let settings: KeySourceSettings
  private let source: IssuerKeySource

  /// A probe that takes the same way as the daemon's own fetches.
  ///
  /// - Parameters:
  ///   - settings: The issuer's settings.
  ///   - group: The event loops that fetches run on.
  ///   - environment: The process's environment, for `HTTPS_PROXY` and `NO_PROXY`.
  package init(settings: KeySourceSettings, group: any EventLoopGroup, environment: [String: String]) {
    self.settings = settings
    source = IssuerKeySource(settings: settings, group: group, environment: environment)
  }

  /// Fetches once, within the settings' `timeout`, and reports.
  package func run() async -> ProbeReport {
    let (result, record) = await source.fetchRecording(previous: nil, validators: nil)
    return ProbeReport(
      issuer: settings.url, findings: ProbeFindings.findings(result: result, record: record, settings: settings))
  }
}
