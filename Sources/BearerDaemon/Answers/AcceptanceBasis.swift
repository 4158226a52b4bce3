import BearerClaims
import BearerIntrospection
import BearerJSON
import BearerKeys
import BearerProtocol
import BearerTime

/// What the acceptance of a known token rests on: while it holds, the same question gets the same answer.
struct AcceptanceBasis {
  /// Who vouches for the token.
  enum Source {
    /// The issuer's keys: this set (`KeySet.serial`), which must be fresh.
    case keys(set: UInt64)
    /// The issuer's back-end: what it answered to this question.
    case answer(StatusQuestion, ActiveToken)
  }

  /// The parts of a reply that change with time; the rest stays the same.
  struct Momentary {
    /// Seconds for which the token still lasts, if the reply tells it.
    var expiresIn: Int64?
    /// How long ago a back-end was asked, if one was.
    var age: Duration?

    /// Appends the end of a reply.
    func append(to reply: inout [UInt8]) {
      if let expiresIn { reply.append(decimal: expiresIn) }
      if let age { reply.appendSource(age: age) }
      reply.endReply()
    }
  }

  /// The token's issuer in the configuration.
  let issuer: Int
  let source: Source
  /// When all checks of times pass.
  let validity: Validity
  /// Whether the reply tells how long the token still lasts.
  let tellsExpiry: Bool
  /// The token's `exp`, if it has one.
  let expiry: NumericDate?

  /// The bytes that this keeps in memory, even when nobody else needs them any more.
  var heldBytes: Int {
    if case .answer(_, let answer) = source { answer.heldBytes } else { 0 }
  }

  /// The parts of the reply that change with time.
  ///
  /// - Parameters:
  ///   - active: The configuration by which the token was accepted.
  ///   - now: The moment.
  /// - Returns: The parts; `nil` if something that the acceptance rests on does not hold any more.
  func momentary(in active: ActiveConfiguration, at now: Moment) -> Momentary? {
    let date = NumericDate(now)
    guard validity.contains(date) else { return nil }
    switch source {
    case .keys(let set):
      guard let snapshot = active.keys[issuer].snapshot, snapshot.serial == set,
        case .fresh = snapshot.state(at: now.monotonic)
      else { return nil }
      return Momentary(expiresIn: tellsExpiry ? expiry?.secondsLeft(at: date) : nil)
    case .answer(let question, let answer):
      guard let entry = active.backEnds[issuer], let known = entry.backEnd.known(question, at: entry.backEnd.now),
        case .active(let found?) = known.word, found === answer
      else { return nil }
      let left = tellsExpiry ? entry.secondsLeft(of: known, until: expiry, at: date) : nil
      return Momentary(expiresIn: left, age: known.age)
    }
  }
}

extension [UInt8] {
  /// Appends that a back-end was asked, and how long ago.
  mutating func appendSource(age: Duration) {
    append(json: #","source":"introspection","checked_at_s":"#)
    append(decimal: age.components.seconds)
  }
}
