import BearerKeys
import BearerTime
import Testing

@testable import BearerIntrospection

/// Random histories, each held against what must be true of every one.
@Suite struct BackEndModelTests {
  /// What the provider knows, and what may therefore be said.
  private struct Model {
    /// When each token was last called active or not, by the time at which that was asked for.
    var words: [TokenDigest: (isActive: Bool, askedAt: MonotonicTime)] = [:]
    /// When each call began, and with which credentials.
    var calls: [UInt64: (at: MonotonicTime, generation: Int)] = [:]
    var generation = 0

    mutating func note(_ driver: BackEndDriver) {
      for call in driver.calls where calls[call.order.number] == nil {
        calls[call.order.number] = (driver.now, generation)
      }
    }
  }

  @Test("no order of answers, failures, reloads and expiries yields a word that is too old", arguments: 0..<20)
  func histories(batch: Int) {
    for seed in UInt64(batch * 50)..<UInt64((batch + 1) * 50) {
      var chance = JitterGenerator(seed: seed)
      var driver = BackEndDriver {
        $0.concurrency = Int.random(in: 1...3, using: &chance)
        $0.callsPerSecond = Int.random(in: 1...20, using: &chance)
        $0.cache = .seconds(Int.random(in: 0...40, using: &chance))
        $0.cacheBytes = Int.random(in: 500...4000, using: &chance)
      }
      var model = Model()
      var waiting: Set<String> = []
      for _ in 0..<300 {
        step(&driver, &model, &waiting, &chance)
        let status = driver.state.status(at: driver.now)
        let inFlight = driver.calls.map(\.order.digest)
        if Set(inFlight).count != inFlight.count
          || inFlight.count > driver.state.settings.concurrency || status.running != inFlight.count
        {
          Issue.record("seed \(seed): two calls for one token, or too many")
          return
        }
      }
      driver.shutDown()
      // Everyone who waited was told something, once and for all.
      let told = Set(driver.told.outcomes.keys.map { "wait \($0)" })
      if told != waiting {
        Issue.record("seed \(seed): not told, or told without waiting: \(waiting.symmetricDifference(told))")
        return
      }
    }
  }

  private func step(
    _ driver: inout BackEndDriver, _ model: inout Model, _ waiting: inout Set<String>, _ chance: inout JitterGenerator
  ) {
    switch Int.random(in: 0..<20, using: &chance) {
    case 0..<9:
      let token = Int.random(in: 0..<6, using: &chance)
      let interval: Duration? = Bool.random(using: &chance) ? .seconds(Int.random(in: 10...30, using: &chance)) : nil
      let question = BackEndDriver.question(token, recheck: interval)
      let answer = driver.ask(
        token, recheck: interval, user: UInt32.random(in: 0..<3, using: &chance),
        waits: Int.random(in: 0..<5, using: &chance) > 0)
      if answer.hasPrefix("wait") { waiting.insert(answer) }
      check(answer, question, interval ?? driver.state.settings.cache, driver, model)
    case 9..<14:
      guard !driver.calls.isEmpty else { return }
      let index = Int.random(in: 0..<driver.calls.count, using: &chance)
      let order = driver.calls[index].order
      let isActive = Bool.random(using: &chance)
      let fails = Int.random(in: 0..<4, using: &chance) == 0
      if !fails, let call = model.calls[order.number], call.generation == model.generation {
        model.words[order.digest] = (isActive, call.at)
      }
      driver.answer(
        index,
        fails
          ? .failure(Bool.random(using: &chance) ? .down : .broken)
          : .success(isActive ? BackEndDriver.active() : .inactive))
    case 14..<18: driver.pass(.milliseconds(Int64.random(in: 0..<8000, using: &chance)))
    case 18:
      model.generation += 1
      driver.state.credentialsChanged()
      model.words = [:]
    default:
      var settings = driver.state.settings
      settings.cache = .seconds(Int.random(in: 0...40, using: &chance))
      driver.state.update(settings, at: driver.now)
      driver.work()
    }
    model.note(driver)
  }

  private func check(
    _ answer: String, _ question: StatusQuestion, _ lifetime: Duration, _ driver: BackEndDriver, _ model: Model
  ) {
    guard answer == "yes" || answer == "no" else { return }
    guard let word = model.words[question.digest] else {
      Issue.record("a word that nobody said")
      return
    }
    let age = driver.now.duration(since: word.askedAt)
    #expect(word.isActive == (answer == "yes"))
    #expect(age < (word.isActive ? lifetime : .seconds(5)))
  }
}
