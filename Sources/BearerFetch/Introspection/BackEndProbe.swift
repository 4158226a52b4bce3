import BearerIntrospection

/// Tries an issuer's back-end, for `bearerd check`.
package struct BackEndProbe: Sendable {
  private let source: BackEndSource

  /// A probe that asks as the daemon does.
  ///
  /// - Parameters:
  ///   - settings: How the back-end is asked.
  ///   - network: What the probes of all issuers share.
  package init(settings: BackEndSourceSettings, network: FetchNetwork) {
    source = BackEndSource(settings: settings, network: network)
  }

  /// Asks once about a token that cannot exist, and expects a no.
  package func run() async -> ProbeReport.Finding {
    let digits = Array("0123456789abcdef".utf8)
    let random = (0..<32).map { _ in digits[Int.random(in: 0..<16)] }
    let result = await source.ask(StatusCall(token: Array("bearerd-check-".utf8) + random, identity: nil))
    source.close()
    switch result {
    case .success(.inactive):
      return .init(.ok, "introspection", found: "the back-end answers, and says no to a token that cannot exist")
    case .success(.active):
      return .init(
        .error, "introspection_says_yes", found: "the back-end says yes to a token that cannot exist",
        advice: "check endpoint and kind: whatever answers there accepts anything")
    case .failure(let fault):
      return .init(.error, fault.code.rawValue, found: fault.found, advice: fault.advice)
    }
  }
}
