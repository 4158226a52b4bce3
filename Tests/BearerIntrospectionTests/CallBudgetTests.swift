import BearerTime
import Testing

@testable import BearerIntrospection

/// How the calls of a second are shared out.
@Suite struct CallBudgetTests {
  /// Has users try a hundred times in each of the milliseconds, and counts what each got.
  private func flood(
    _ budget: inout CallBudget, milliseconds: Range<Int64>, users: [UInt32], wasActive: Bool = false, rate: Int = 200
  ) -> [UInt32: Int] {
    var got: [UInt32: Int] = [:]
    for millisecond in milliseconds {
      let now = MonotonicTime.zero + .milliseconds(millisecond)
      for _ in 0..<100 {
        for user in users where budget.take(user: user, wasActive: wasActive, callsPerSecond: rate, at: now) == nil {
          got[user, default: 0] += 1
        }
      }
    }
    return got
  }

  @Test("a flood of one user gets the calls of a second in a second, and at most those of one more at the start")
  func bound() {
    var budget = CallBudget()
    let got = flood(&budget, milliseconds: 1..<10_001, users: [1])
    #expect(got[1] ?? 0 > 1900 && got[1] ?? 0 <= 2200)
  }

  @Test("beside a flood another user finds calls at once, and tokens that were active before find more")
  func shares() {
    var budget = CallBudget()
    _ = flood(&budget, milliseconds: 1..<2001, users: [1])
    let now = MonotonicTime.zero + .milliseconds(2001)
    let other = (0..<1000).count { _ in budget.take(user: 2, wasActive: false, callsPerSecond: 200, at: now) == nil }
    #expect(other >= 20)
    let known = (0..<1000).count { _ in budget.take(user: 1, wasActive: true, callsPerSecond: 200, at: now) == nil }
    #expect(known >= 50)
  }

  @Test("two floods get the same")
  func equalParts() {
    var budget = CallBudget()
    _ = flood(&budget, milliseconds: 1..<2001, users: [1])
    let got = flood(&budget, milliseconds: 2001..<12_001, users: [1, 2])
    #expect(abs((got[1] ?? 0) - (got[2] ?? 0)) < 150)
    #expect((got[1] ?? 0) + (got[2] ?? 0) > 1900)
  }

  @Test("tokens that were active before are served first")
  func knownFirst() {
    var budget = CallBudget()
    var known = 0
    for millisecond in 1...10_000 as ClosedRange<Int64> {
      let now = MonotonicTime.zero + .milliseconds(millisecond)
      for _ in 0..<20 { _ = budget.take(user: 1, wasActive: false, callsPerSecond: 200, at: now) }
      // Half of all.
      guard millisecond % 10 == 0 else { continue }
      if budget.take(user: 1, wasActive: true, callsPerSecond: 200, at: now) == nil { known += 1 }
    }
    #expect(known == 1000)
  }

  @Test("one call in a second is possible, and a refusal says when to come again", arguments: [1, 2, 7, 10_000])
  func smallest(rate: Int) throws {
    var budget = CallBudget()
    let now = MonotonicTime.zero + .seconds(1)
    #expect(budget.take(user: 1, wasActive: false, callsPerSecond: rate, at: now) == nil)
    var refusal: Duration?
    for _ in 0..<rate where refusal == nil {
      refusal = budget.take(user: 1, wasActive: false, callsPerSecond: rate, at: now)
    }
    let wait = try #require(refusal)
    #expect(wait > .zero && wait <= .seconds(1))
    #expect(budget.take(user: 1, wasActive: false, callsPerSecond: rate, at: now + .seconds(1)) == nil)
  }

  @Test("user ids beyond the number that is kept share")
  func manyUsers() {
    var budget = CallBudget()
    let now = MonotonicTime.zero + .seconds(1)
    let got = (0..<100_000 as Range<UInt32>).count {
      budget.take(user: $0, wasActive: false, callsPerSecond: 10_000, at: now) == nil
    }
    #expect(got <= 10_000)
  }
}
