package import BearerKeys

/// What is asked about a token, and why.
package struct StatusQuestion: Sendable {
  /// What the answer is needed for.
  package enum Purpose: Equatable, Sendable {
    /// The token is opaque: without an answer nothing is known of it.
    case opaque
    /// The token is a JWT that is good locally; a yes counts for so long.
    case recheck(every: Duration)
  }

  /// The token.
  package var digest: TokenDigest
  /// Why.
  package var purpose: Purpose

  /// A question.
  package init(_ digest: TokenDigest, _ purpose: Purpose) {
    self.digest = digest
    self.purpose = purpose
  }

  /// Whether it is about a JWT that is good locally.
  var isRecheck: Bool { purpose != .opaque }
}

/// An answer that is still good enough.
package struct KnownStatus: Sendable {
  /// What the back-end said.
  package enum Word: Sendable {
    /// A yes with the answer; without one if it was about a JWT, whose own claims count.
    case active(ActiveToken?)
    case inactive
  }

  /// What the back-end said.
  package var word: Word
  /// How long ago it was asked.
  package var age: Duration
  /// Whether it is time to ask again, before the answer is too old.
  package var isDue = false

  /// An answer of this age.
  package init(word: Word, age: Duration, isDue: Bool = false) {
    self.word = word
    self.age = age
    self.isDue = isDue
  }

  /// An answer that has just come.
  package init(_ status: TokenStatus) {
    self.init(word: status.word, age: .zero)
  }
}

extension TokenStatus {
  fileprivate var word: KnownStatus.Word {
    switch self {
    case .active(let token): .active(token)
    case .inactive: .inactive
    }
  }
}

/// What is told at once to who needs an answer that is not there.
package enum StatusDecision: Sendable {
  /// It is there by now.
  case known(KnownStatus)
  /// It cannot be had now (`introspection_unavailable`).
  case unavailable(StatusFailure)
  /// The back-end is being asked; the outcome will be delivered, once.
  case waiting(WaitHandle)
  /// The back-end is not asked any more: the daemon stops, or the configuration changed.
  case shuttingDown
}

/// How a wait for an answer ended.
package enum StatusOutcome: Sendable {
  /// The back-end answered.
  case answered(TokenStatus)
  /// There is no answer (`introspection_unavailable`).
  case failed(StatusFailure)
  /// The wait was long enough (`introspection_unavailable`, or `deadline_exceeded` if the request's own deadline ended
  /// it).
  case timedOut
  /// What came was an answer to credentials that are not in use any more: ask again.
  case superseded
  /// The back-end is not asked any more: the daemon stops, or the configuration changed.
  case shuttingDown
}

/// Why there is no answer.
package struct StatusFailure: Equatable, Sendable {
  /// Why there is no answer.
  package enum Reason: Equatable, Sendable {
    /// `calls_per_second` are spent.
    case budget
    /// The back-end failed before and is left alone for a while.
    case pause
    /// The call failed.
    case call
    /// The request may not wait.
    case noWait
  }

  /// Why.
  package var reason: Reason
  /// When it is worth asking again.
  package var retryAfter: Duration
}
