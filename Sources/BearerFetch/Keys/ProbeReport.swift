/// What `bearerd check` found out about one issuer.
package struct ProbeReport: Equatable, Sendable {
  /// One thing that was found.
  package struct Finding: Equatable, Sendable {
    /// How much it matters.
    package enum Severity: String, Sendable {
      /// As it should be, or worth knowing.
      case ok
      /// Works, but something should be mended.
      case warning
      /// No token of this issuer can be verified, or its back-end cannot be asked.
      case error
    }

    /// A stable code: that of a failed fetch (`FetchFault.Code`), or one of the probe's own.
    package var code: String
    /// How much it matters.
    package var severity: Severity
    /// What was found; a sentence without its full stop.
    package var found: String
    /// What to mend; a sentence without its full stop, `nil` if there is nothing.
    package var advice: String?

    /// A finding.
    package init(_ severity: Severity, _ code: String, found: String, advice: String? = nil) {
      self.code = code
      self.severity = severity
      self.found = found
      self.advice = advice
    }
  }

  /// The issuer's url.
  package var issuer: String
  /// What was found, in the order in which it was met.
  package var findings: [Finding]

  /// A report of these findings.
  package init(issuer: String, findings: [Finding]) {
    self.issuer = issuer
    self.findings = findings
  }

  /// Whether tokens of this issuer can be verified.
  package var isUsable: Bool { !findings.contains { $0.severity == .error } }
}
