import BearerTime
import Testing

@testable import BearerIntrospection

/// What is remembered of answers, and in how much memory.
@Suite struct AnswerTableTests {
  private func note(_ table: inout AnswerTable, _ token: Int, at time: MonotonicTime = .zero, capacity: Int = 100_000) {
    guard case .active(let answer) = BackEndDriver.active() else { return }
    table.noteActive(
      BackEndDriver.digest(token), answer, askedAt: time, capacity: capacity, unusableBefore: time - .seconds(30))
  }

  @Test("a flood of made-up tokens pushes out no yes, and is bounded itself")
  func separate() {
    var table = AnswerTable()
    for token in 0..<10 { note(&table, token) }
    for token in 100..<100_100 {
      table.noteInactive(BackEndDriver.digest(token), askedAt: .zero, isGoodLocally: false)
    }
    for token in 0..<10 { #expect(table.active(BackEndDriver.digest(token)) != nil) }
    #expect(table.inactiveCount == BackEndLimits.rememberedInactive)
    #expect(table.inactive(BackEndDriver.digest(100)) == nil)
    #expect(table.inactive(BackEndDriver.digest(100_099)) != nil)
  }

  @Test("nor does it push out what is known of revoked JWTs")
  func revoked() {
    var table = AnswerTable()
    table.noteInactive(BackEndDriver.digest(1, .signingInput), askedAt: .zero, isGoodLocally: true)
    for token in 100..<100_100 {
      table.noteInactive(BackEndDriver.digest(token), askedAt: .zero, isGoodLocally: false)
    }
    #expect(table.inactive(BackEndDriver.digest(1, .signingInput)) != nil)
  }

  @Test("answers take no more memory than they may, and those in use stay")
  func bounded() {
    var table = AnswerTable()
    for token in 0..<10_000 {
      note(&table, token)
      _ = table.active(BackEndDriver.digest(0))
      #expect(table.usedBytes <= 100_000)
    }
    #expect(table.active(BackEndDriver.digest(0)) != nil)
    #expect(table.activeCount > 100)
  }

  @Test("an answer that nobody can use any more is dropped, but not that the token was active")
  func swept() {
    var table = AnswerTable()
    for token in 0..<50 { note(&table, token) }
    let before = table.usedBytes
    for token in 50..<100 { note(&table, token, at: .zero + .seconds(31)) }
    #expect(table.usedBytes < before + 50 * 300 + 50 * AnswerTable.bytesPerEntry)
    #expect(table.active(BackEndDriver.digest(0))?.value == nil)
    #expect(table.wasActive(BackEndDriver.digest(0)))
  }

  @Test("a no takes the yes away, and a yes the no")
  func latest() {
    var table = AnswerTable()
    let digest = BackEndDriver.digest(1)
    note(&table, 1)
    table.noteInactive(digest, askedAt: .zero, isGoodLocally: false)
    #expect(table.active(digest) == nil && table.inactive(digest) != nil && table.usedBytes == 0)
    note(&table, 1)
    #expect(table.active(digest) != nil && table.inactive(digest) == nil)
  }

  @Test("a no that was noted again is not forgotten with its first entry")
  func notedAgain() {
    var table = InactiveTable()
    table.note(BackEndDriver.digest(1), askedAt: .zero)
    for token in 2..<BackEndLimits.rememberedInactive { table.note(BackEndDriver.digest(token), askedAt: .zero) }
    table.note(BackEndDriver.digest(1), askedAt: .zero + .seconds(1))
    table.note(BackEndDriver.digest(1_000_000), askedAt: .zero + .seconds(1))
    #expect(table.askedAt(BackEndDriver.digest(1)) == .zero + .seconds(1))
  }
}
