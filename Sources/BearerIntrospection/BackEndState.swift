import BearerKeys
import BearerTime

// The rules by which one back-end is asked, as a value: events go in, what is to be done comes out. Time and chance are
// arguments.
//
//  1. One call is in flight for a token; all that need its answer meanwhile share it.
//  2. A call needs a permit (`concurrency`), room in the budget (`calls_per_second`), and a back-end that is not in a
//     pause. Without a permit it waits, tokens that were active before first; when its turn comes and nobody wants the
//     answer any more, it is not made.
//  3. An answer is a fact with the time at which it was asked for, not at which it came: what happened meanwhile at the
//     provider may not be in it.
//  4. An error is no fact. It changes nothing of what is known, and counts against the back-end only if a made-up token
//     cannot be its cause: it concerns the way there, or a token that was active before, or nothing was ever answered
//     with these credentials. A refusal of the credentials is logged all the same, but not often: some servers answer
//     401 to a token that they do not know.
//  5. Credentials have a generation. An answer to an older one counts for nothing.

/// What ``BackEnd`` guards with its lock.
struct BackEndState: Sendable {
  /// Something to be done after the lock is left.
  typealias Effect = @Sendable () -> Void
  /// The outcome `nil` means that the wait was cancelled.
  typealias Waits = Waiters<StatusOutcome?>

  /// A call that is to be made now.
  struct Order: Sendable {
    let number: UInt64
    let digest: TokenDigest
    let call: StatusCall
  }

  private struct Flight: Sendable {
    let order: Order
    let isRecheck: Bool
    let wasActive: Bool
    /// When it began, and with which credentials; nil while it waits for a permit.
    var began: (at: MonotonicTime, generation: UInt64)?
    /// Whether it is made although nobody waits for it.
    let isAhead: Bool
    var waits: [Waits.ID] = []
  }

  private(set) var settings: BackEndSettings
  private(set) var isShutDown = false
  private var jitter: JitterGenerator
  private var answers = AnswerTable()
  private var budget = CallBudget()
  private var backOff = BackOff()
  private var streak = InactiveStreak()
  private var waits = Waits()
  private var flights: [TokenDigest: Flight] = [:]
  private var knownQueue = CallQueue()
  private var newQueue = CallQueue()
  private var running = 0
  private var numbers: UInt64 = 0
  private var generation: UInt64 = 0
  private var hasAnswered = false
  /// Whether the first inactive token since the credentials are in use was reported.
  private var hasToldInactive = false
  private var failures = FailureNews()
  private var longestRecheck = Duration.zero
  private var counts = BackEndStatus()
  private var orders: [Order] = []
  private var changes: [BackEndChange] = []

  init(settings: BackEndSettings, jitter: JitterGenerator) {
    self.settings = settings
    self.jitter = jitter
  }

  /// The earliest deadline of a wait.
  var nextWaitDeadline: MonotonicTime? { waits.nextDeadline }

  /// Takes what is to be done outside of the lock.
  mutating func takeWork() -> (orders: [Order], changes: [BackEndChange]) {
    defer {
      orders = []
      changes = []
    }
    return (orders, changes)
  }

  /// The facts of op `status`.
  func status(at now: MonotonicTime) -> BackEndStatus {
    var status = counts
    status.pause = backOff.remaining(at: now)
    status.running = running
    status.queued = flights.count - running
    status.waiting = waits.count
    status.known = answers.activeCount
    status.callsAllInactive = streak.isSuspicious
    return status
  }

  // MARK: Asking

  /// An answer that is still good enough for the question.
  mutating func known(_ question: StatusQuestion, at now: MonotonicTime) -> KnownStatus? {
    if let fact = answers.active(question.digest) {
      guard let askedAt = fact.askedAt else { return nil }
      let age = now.duration(since: askedAt)
      let isRecheck = question.isRecheck
      let lifetime = lifetime(of: question)
      guard age < lifetime, isRecheck || fact.value != nil else { return nil }
      return KnownStatus(word: .active(fact.value), age: age, isDue: isRecheck && age >= lifetime / 2)
    }
    guard let askedAt = answers.inactive(question.digest) else { return nil }
    let age = now.duration(since: askedAt)
    return age < settings.negativeCache ? KnownStatus(word: .inactive, age: age) : nil
  }

  /// The back-end's last word about a token, however old.
  mutating func lastWord(_ digest: TokenDigest, at now: MonotonicTime) -> KnownStatus? {
    if let fact = answers.active(digest) {
      return fact.askedAt.map { KnownStatus(word: .active(fact.value), age: now.duration(since: $0)) }
    }
    return answers.inactive(digest).map { KnownStatus(word: .inactive, age: now.duration(since: $0)) }
  }

  private mutating func lifetime(of question: StatusQuestion) -> Duration {
    guard case .recheck(let interval) = question.purpose else { return settings.cache }
    longestRecheck = max(longestRecheck, interval)
    return interval
  }

  /// Whether the token is certainly not made up.
  func wasActive(_ question: StatusQuestion) -> Bool {
    // A JWT that is good locally was not made up either.
    question.isRecheck || answers.wasActive(question.digest)
  }

  enum Answer {
    case known(KnownStatus)
    case unavailable(StatusFailure)
    case wait(Waits.ID)
    case shuttingDown
  }

  /// A request needs an answer.
  ///
  /// - Parameters:
  ///   - question: The token, and what the answer is needed for.
  ///   - user: The user id that asks.
  ///   - now: The present moment.
  ///   - deadline: Until when the request waits; `nil` if it does not wait, and the answer is for later requests.
  ///   - call: Makes the call's content.
  ///   - enter: Takes room for the wait of this name, and returns its wake-up.
  /// - Returns: The immediate decision.
  mutating func ask(
    _ question: StatusQuestion, user: UInt32, at now: MonotonicTime, until deadline: MonotonicTime?,
    call: () -> StatusCall, enter: (Waits.ID) -> Waits.WakeUp
  ) -> Answer {
    if isShutDown { return .shuttingDown }
    if let known = known(question, at: now), deadline != nil || !known.isDue { return .known(known) }
    if flights[question.digest] == nil {
      if let failure = begin(question, user: user, at: now, isAhead: deadline == nil, call: call) {
        return .unavailable(failure)
      }
    }
    guard let deadline, now < deadline else { return .unavailable(failure(.noWait, .milliseconds(100))) }
    let id = waits.reserve()
    waits.begin(id, until: deadline, enter(id))
    flights[question.digest]?.waits.append(id)
    return .wait(id)
  }

  private mutating func begin(
    _ question: StatusQuestion, user: UInt32, at now: MonotonicTime, isAhead: Bool, call: () -> StatusCall
  ) -> StatusFailure? {
    let digest = question.digest
    let wasActive = wasActive(question)
    if let pause = backOff.remaining(at: now) { return failure(.pause, pause) }
    let refusal = budget.take(
      user: user, wasActive: wasActive, callsPerSecond: settings.callsPerSecond, at: now)
    if let refusal {
      counts.overBudget += 1
      return failure(.budget, refusal)
    }
    if let pause = backOff.refusal(at: now, jitter: &jitter) { return failure(.pause, pause) }
    var call = call()
    if !question.isRecheck, let before = answers.active(digest)?.value { call.identity = TokenIdentity(of: before) }
    numbers += 1
    let order = Order(number: numbers, digest: digest, call: call)
    flights[digest] = Flight(
      order: order, isRecheck: question.isRecheck, wasActive: wasActive, isAhead: isAhead)
    if wasActive { knownQueue.append(order) } else { newQueue.append(order) }
    startNext(at: now)
    return nil
  }

  private func failure(_ reason: StatusFailure.Reason, _ retryAfter: Duration) -> StatusFailure {
    StatusFailure(reason: reason, retryAfter: max(retryAfter, .milliseconds(1)))
  }

  /// Starts calls while there are permits for them.
  private mutating func startNext(at now: MonotonicTime) {
    while running < max(1, settings.concurrency) {
      guard let order = knownQueue.removeFirst() ?? newQueue.removeFirst() else { return }
      guard var flight = flights[order.digest], flight.order.number == order.number else { continue }
      guard flight.isAhead || flight.waits.isEmpty || flight.waits.contains(where: waits.contains) else {
        flights[order.digest] = nil
        continue
      }
      flight.began = (now, generation)
      flights[order.digest] = flight
      running += 1
      counts.calls += 1
      orders.append(order)
    }
  }

  // MARK: Waits

  /// Ends a wait that its owner gives up.
  mutating func cancel(_ id: Waits.ID) -> Waits.WakeUp? { waits.remove(id) }

  /// Ends a wait that makes room for a newer one.
  mutating func displace(_ id: Waits.ID, _ effects: inout [Effect]) {
    guard let wakeUp = waits.remove(id) else { return }
    effects.append { wakeUp(.failed(StatusFailure(reason: .noWait, retryAfter: .seconds(1)))) }
  }

  /// Ends the waits whose deadline has come; the calls go on, for requests that ask again.
  mutating func endDueWaits(at now: MonotonicTime, _ effects: inout [Effect]) {
    let wakeUps = waits.removeDue(at: now)
    if wakeUps.isEmpty { return }
    effects.append { for wakeUp in wakeUps { wakeUp(.timedOut) } }
  }

  // MARK: Answers

  /// A call has ended.
  mutating func finish(
    _ order: Order, _ result: Result<TokenStatus, BackEndFault>, at now: MonotonicTime, _ effects: inout [Effect]
  ) {
    guard !isShutDown, let flight = flights[order.digest], flight.order.number == order.number,
      let began = flight.began
    else { return }
    flights[order.digest] = nil
    running -= 1
    let outcome: StatusOutcome
    if began.generation != generation {
      outcome = .superseded
    } else {
      switch result {
      case .success(let status):
        note(status, of: flight, askedAt: began.at, at: now)
        outcome = .answered(status)
      case .failure(let fault):
        note(fault, of: flight, at: now)
        outcome = .failed(failure(.call, backOff.remaining(at: now) ?? .seconds(1)))
      }
    }
    let wakeUps = flight.waits.compactMap { waits.remove($0) }
    if !wakeUps.isEmpty { effects.append { for wakeUp in wakeUps { wakeUp(outcome) } } }
    startNext(at: now)
  }

  private mutating func note(
    _ status: TokenStatus, of flight: Flight, askedAt: MonotonicTime, at now: MonotonicTime
  ) {
    if failures.succeeded() { changes.append(.recovered) }
    counts.fault = nil
    hasAnswered = true
    backOff.succeeded()
    let digest = flight.order.digest
    switch status {
    case .active(let token):
      counts.active += 1
      streak.noteActive()
      answers.noteActive(
        digest, flight.isRecheck ? nil : token, askedAt: askedAt, capacity: settings.cacheBytes,
        unusableBefore: now - max(settings.cache, longestRecheck))
    case .inactive:
      counts.inactive += 1
      if !hasToldInactive { changes.append(.firstInactive) }
      hasToldInactive = true
      if flight.isRecheck, streak.noteInactive(digest) { changes.append(.callsAllInactive) }
      answers.noteInactive(digest, askedAt: askedAt, isGoodLocally: flight.isRecheck)
    }
  }

  private mutating func note(_ fault: BackEndFault, of flight: Flight, at now: MonotonicTime) {
    counts.failures += 1
    counts.fault = fault
    // Which of two different answers is wrong cannot be known: both are dropped, and the next one counts.
    if fault.code == .anotherToken, !flight.isRecheck { answers.forget(flight.order.digest) }
    if fault.isOfBackEnd || flight.wasActive || !hasAnswered {
      backOff.failed(retryAfter: fault.retryAfter, at: now, jitter: &jitter)
      changes.append(failures.failed(fault))
    } else if fault.code == .credentialsRefused, failures.mayTellOfRefusal(at: now) {
      changes.append(failures.failed(fault))
    }
  }

  // MARK: Changes

  /// The configuration was reloaded, and the back-end is the same.
  mutating func update(_ settings: BackEndSettings, at now: MonotonicTime) {
    self.settings = settings
    startNext(at: now)
  }

  /// Other credentials are in use from now on: answers to the old ones are void.
  mutating func credentialsChanged() {
    guard !isShutDown else { return }
    generation += 1
    hasAnswered = false
    hasToldInactive = false
    failures.credentialsChanged()
    answers.forgetAnswers()
    backOff.succeeded()
    streak.noteActive()
    changes.append(.credentialsChanged)
  }

  /// Ends every wait.
  mutating func shutDown(_ effects: inout [Effect]) {
    guard !isShutDown else { return }
    isShutDown = true
    let wakeUps = waits.removeAll()
    flights = [:]
    if !wakeUps.isEmpty { effects.append { for wakeUp in wakeUps { wakeUp(.shuttingDown) } } }
  }
}
