package import BearerConfiguration
package import BearerFetch
import NIOPosix

/// Tries every issuer of a configuration, for `bearerd check`.
package enum IssuerCheck {
  /// Fetches each issuer's keys once, all at the same time, as the daemon would.
  ///
  /// - Parameters:
  ///   - issuers: The issuers.
  ///   - environment: The process's environment, for its proxy variables.
  /// - Returns: One report for each issuer, in their order.
  package static func run(_ issuers: [IssuerConfiguration], environment: [String: String]) async -> [ProbeReport] {
    let network = FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: environment)
    return await withTaskGroup(of: (Int, ProbeReport).self) { group in
      for (index, issuer) in issuers.enumerated() {
        let probe = IssuerProbe(settings: issuer.keySourceSettings, network: network)
        let backEnd = issuer.introspection.map { introspection in
          BackEndProbe(
            settings: issuer.backEndSourceSettings(introspection, environment: environment), network: network)
        }
        group.addTask {
          var report = await probe.run()
          if let finding = await backEnd?.run() { report.findings.append(finding) }
          return (index, report)
        }
      }
      var reports: [(Int, ProbeReport)] = []
      for await report in group { reports.append(report) }
      return reports.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  /// Asks an issuer what it says of itself, for `bearerd init`.
  ///
  /// - Parameters:
  ///   - url: The issuer as somebody wrote it.
  ///   - environment: The process's environment, for its proxy variables.
  /// - Returns: What the issuer says.
  package static func survey(url: String, environment: [String: String]) async -> IssuerSurvey {
    let network = FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: environment)
    return await IssuerSurvey.run(url: url, network: network)
  }
}
