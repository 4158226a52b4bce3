import BearerFetch

/// What `bearerd check` found out about one issuer, for people.
struct ProbeLines {
  /// The issuer's name in the configuration.
  let name: String
  let report: ProbeReport
  let style: Style
  /// How many characters a line may have.
  var width = 80

  /// A line for the issuer, then each finding with what to mend.
  func lines() -> [String] {
    let mark = report.isUsable ? style.good("✓") : style.bad("✗")
    var lines = ["\(mark) \(style.strong(name))  \(Style.harmless(report.issuer))"]
    for finding in report.findings {
      let mark =
        switch finding.severity {
        case .ok: style.good("✓")
        case .warning: style.attention("!")
        case .error: style.bad("✗")
        }
      let code = finding.severity == .ok ? "" : " (\(finding.code))"
      lines += wrapped(Style.harmless(finding.found) + code, first: "  \(mark) ", rest: "    ", indentation: 4)
      if let advice = finding.advice {
        lines += wrapped(Style.harmless(advice), first: "    mend: ", rest: "          ", indentation: 10)
      }
    }
    return lines
  }

  private func wrapped(_ text: String, first: String, rest: String, indentation: Int) -> [String] {
    WrappedText.lines(text, width: max(20, width - indentation)).enumerated().map { ($0 == 0 ? first : rest) + $1 }
  }
}
