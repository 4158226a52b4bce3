/// The result of one check, for a person who wants to know why a token is refused and what to change.
package struct TraceStep: Equatable, Sendable {
  /// How a check ended.
  package enum Result: String, Sendable {
    case pass
    case fail
    /// The check was not made, because its input could not be read or found, or because nothing demands it.
    case skip
  }

  /// What was expected and what was found, as far as that can be said.
  ///
  /// Only `iss`, `aud`, `typ`, `alg`, `kid` and times are shown, never another claim's value.
  package typealias Comparison = (expected: String?, found: String?)

  /// The check.
  package var check: Check
  /// How it ended.
  package var result: Result
  /// What was expected, if that can be said.
  package var expected: String?
  /// What was found.
  package var found: String?
  /// What to change, for a check that failed.
  package var hint: String?
}

/// The results of all checks of one verdict, written while the verdict is reached.
package struct Trace: Sendable {
  /// One step for each check so far, in their order.
  package private(set) var steps: [TraceStep] = []
  /// Checks that other checks cannot rely on.
  private var unusable: Set<Check> = []

  /// No check was made yet.
  package init() {}

  /// The trace of a request whose token was not looked at.
  ///
  /// - Parameter hint: Why it was not.
  package init(withoutToken hint: String) {
    for check in Check.inOrder where !skipsUnmade(check) { failed(check, (nil, nil), hint: hint) }
  }

  /// Records a check as skipped if a check that it relies on failed.
  ///
  /// - Returns: Whether it was skipped.
  package mutating func skipsUnmade(_ check: Check) -> Bool {
    guard check.prerequisites.contains(where: unusable.contains) else { return false }
    unusable.insert(check)
    steps.append(TraceStep(check: check, result: .skip))
    return true
  }

  /// Records a check that passed.
  package mutating func passed(_ check: Check, _ comparison: TraceStep.Comparison, isDemanded: Bool = true) {
    steps.append(
      isDemanded
        ? TraceStep(check: check, result: .pass, expected: comparison.expected, found: comparison.found)
        : TraceStep(check: check, result: .skip))
  }

  /// Records a check that failed.
  package mutating func failed(_ check: Check, _ comparison: TraceStep.Comparison, hint: String) {
    unusable.insert(check)
    steps.append(
      TraceStep(check: check, result: .fail, expected: comparison.expected, found: comparison.found, hint: hint))
  }

  /// The text, cut so that it fits a reply and can still be recognised.
  package static func shortened(_ text: String) -> String {
    text.utf8.count <= 256 ? text : String(text.unicodeScalars.prefix(80)) + "…"
  }
}
