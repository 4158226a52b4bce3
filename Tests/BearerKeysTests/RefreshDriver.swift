import BearerKeys
import BearerTime
import Testing

extension RefreshStateMachineTests {
  /// Applies events and says what came of them.
  struct Driver {
    var machine: RefreshStateMachine<Set<String>>
    var chance: FixedChance

    init(settings: RefreshSettings, chance: FixedChance) {
      machine = RefreshStateMachine(settings: settings)
      self.chance = chance
    }

    mutating func apply(_ event: Event, at seconds: Double) -> String {
      let now = MonotonicTime.zero + .seconds(seconds)
      return "\(perform(event, at: now)) | \(standing(at: now))"
    }

    private mutating func perform(_ event: Event, at now: MonotonicTime) -> String {
      switch event {
      case .start: return words(nil, machine.start(at: now))
      case .timer: return words(nil, machine.timerDue(at: now, jitter: &chance))
      case .look: return "nothing"
      case .keys(let sequence, let keys, let lifetime, let leavesDoubt):
        let (counted, next) = machine.fetched(
          keys, sequence: sequence, headerLifetime: lifetime.map { .seconds($0) }, leavesDoubt: leavesDoubt, at: now,
          jitter: &chance)
        return words(counted ? "counted" : "ignored", next)
      case .unchanged(let sequence, let lifetime, let leavesDoubt):
        let (counted, next) = machine.confirmed(
          sequence: sequence, headerLifetime: lifetime.map { .seconds($0) }, leavesDoubt: leavesDoubt, at: now,
          jitter: &chance)
        return words(counted ? "counted" : "ignored", next)
      case .fault(let sequence, let pause):
        var fault = FetchFault(.httpStatus, found: "503")
        fault.retryAfter = pause.map { .seconds($0) }
        let (counted, next) = machine.failed(fault, sequence: sequence, at: now, jitter: &chance)
        return words(counted ? "counted" : "ignored", next)
      case .ask(let kid, let mayWait, let generation):
        let looked = generation ?? (machine.health(at: now).isUsable ? machine.held?.generation : nil)
        let (answer, next) = machine.keyAsked(
          KidFingerprint(Array(kid.utf8)), notIn: looked, mayWait: mayWait, at: now)
        switch answer {
        case .lookAgain: return words("look again", next)
        case .unknownKey: return words("unknown", next)
        case .unavailable(let retryAfter): return words("unavailable \(text(retryAfter))", next)
        case .wait: return words("wait", next)
        }
      case .refresh:
        let (answer, next) = machine.refreshAsked(at: now)
        switch answer {
        case .wait: return words("wait", next)
        case .limited(let retryAfter): return words("limited \(text(retryAfter))", next)
        }
      case .file: return words(nil, machine.fileChanged(at: now))
      case .settings(let settings, let sourceChanged):
        return words(
          nil, machine.settingsChanged(settings, sourceChanged: sourceChanged, at: now, jitter: &chance))
      case .seed(let keys, let age):
        _ = machine.restore(keys, validatedAt: now - .seconds(age), headerLifetime: nil)
        return "nothing"
      }
    }

    private func words(_ answer: String?, _ next: FetchOrder?) -> String {
      let fetch = next.map { "fetch \($0.sequence) \($0.cause.rawValue)" }
      let both = [answer, fetch].compactMap(\.self)
      return both.isEmpty ? "nothing" : both.joined(separator: " ")
    }

    private func standing(at now: MonotonicTime) -> String {
      var words = [machine.health(at: now).word]
      if case .stale(let age) = machine.health(at: now) { words.append("\(age.components.seconds)") }
      if let held = machine.held { words.append("[\(held.keys.sorted().joined(separator: " "))] g\(held.generation)") }
      if machine.inFlight != nil { words.append("in flight") }
      if let due = machine.due { words.append("due \(text(due.duration(since: .zero)))") }
      if machine.health(at: now).isUsable, let left = machine.cooldownUntil?.duration(since: now), left > .zero {
        words.append("cooling \(text(left))")
      }
      if machine.consecutiveFailures > 0 { words.append("failures \(machine.consecutiveFailures)") }
      return words.joined(separator: " ")
    }

    /// Seconds, with as many decimals as are needed, to the millisecond.
    private func text(_ duration: Duration) -> String {
      let thousandths = (duration / .milliseconds(1)).rounded()
      let seconds = thousandths / 1000
      return seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
    }
  }
}
