import BearerKeys
import Testing

/// Thousands of random histories, each held against invariants that are written down independently of the machine.
@Suite struct RefreshModelTests {
  @Test("no history breaks an invariant", arguments: 0..<20)
  func histories(batch: Int) {
    for seed in UInt64(batch * 250)..<UInt64((batch + 1) * 250) {
      var history = RefreshHistory(seed: seed)
      history.run(events: 150)
      if !history.violations.isEmpty {
        Issue.record("seed \(seed): \(history.violations.joined(separator: "; "))")
        return
      }
    }
  }

  @Test("the histories meet every state and every cause of a fetch")
  func coverage() {
    var states: Set<String> = []
    var causes: Set<String> = []
    for seed in 0..<200 as Range<UInt64> {
      var history = RefreshHistory(seed: seed)
      history.run(events: 150)
      states.formUnion(history.statesMet)
      causes.formUnion(history.causesMet)
    }
    #expect(
      states == ["empty", "fresh", "stale", "expired", "look again", "unknown", "unavailable", "wait", "given up"])
    #expect(causes == ["start", "schedule", "retry", "unknown_key", "request", "file_change", "reload"])
  }
}
