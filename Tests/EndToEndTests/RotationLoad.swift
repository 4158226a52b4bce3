import BearerDevIssuer
import BearerJSON
import BearerProviderKit
import BearerTestKit
import Foundation

/// Steady verification on several connections while the provider rotates every few seconds, goes down and comes back.
///
/// Each round is a rotation or an outage. A rotation gives no notice: the new key signs the moment that it is
/// published, so its first token must bring it. It is gentle (the old key stays for half a round, until its tokens are
/// out of use) or hard (only the new key is left). In an outage a token of a key that nobody can have must be called
/// unavailable, a bad one bad, and everything else goes on as before.
final class RotationLoad: @unchecked Sendable {
  /// How the run went.
  struct Outcome: Sendable {
    var verdicts = 0
    var forgeriesRefused = 0
    var stale = 0
    /// Replies that were not as they had to be; the first few.
    var wrong: [String] = []
    var rotations = 0
    /// Rotations whose first tokens came all at once.
    var bursts = 0
    var outages = 0
    /// Fetches that the daemon counted, failed ones included.
    var fetches: Int64 = 0
    /// How many there may be.
    var mostFetches: Int64 = 0
  }

  /// A token with the verdict that it must get.
  private struct Question {
    var token: String
    /// What the reply has after its id.
    var verdict: String
  }

  /// How the daemon is configured: it refreshes every few seconds, and an unknown kid may cost a fetch each second.
  static let refresh = 2.0
  static func configuration(url: String) -> String {
    """
    [issuer.idp]
    url = "\(url)"
    refresh = "2s"
    unknown_key_cooldown = "1s"
    key_wait = "60s"
    [policy.default]
    audiences = ["\(url)"]

    """
  }

  private let socket: String
  private let provider: FaultyProvider
  private let period: TimeInterval
  private let connections: Int

  // Safe because all of these are read and written with the condition locked.
  private let condition = NSCondition()
  private var questions: [Question] = []
  private var edition = 0
  private var editionsSeen: [Int: Int] = [:]
  private var isOver = false
  private var outcome = Outcome()

  init(socket: String, provider: FaultyProvider, period: TimeInterval, connections: Int) {
    self.socket = socket
    self.provider = provider
    self.period = period
    self.connections = connections
  }

  // MARK: The provider

  /// Publishes the first key, before the daemon starts.
  func prepare() throws { publish([try key(0)]) }

  /// Runs for so many seconds, in whole rounds, and returns what came of it; blocks its thread.
  func run(for seconds: TimeInterval) throws -> Outcome {
    var keys = [try key(0)]
    try ask(with: keys)
    let group = DispatchGroup()
    for number in 0..<connections {
      group.enter()
      Thread.detachNewThread { [self] in
        converse(number)
        group.leave()
      }
    }
    guard let control = SocketClient(socket) else { throw TranscriptFault(line: 0, message: "nobody answers") }
    let start = Date()
    var round = 0
    while Date().timeIntervalSince(start) < seconds {
      round += 1
      if round % 3 == 0 {
        try sitThroughOutage(round, control)
      } else {
        try rotate(&keys, to: try key(round), isHard: round % 2 == 0)
      }
    }
    let elapsed = Date().timeIntervalSince(start)
    condition.withLock { isOver = true }
    group.wait()
    let status = try ask(control, #"{"op":"status"}"#)
    return condition.withLock {
      outcome.fetches = status["issuers"]?.arrayValue?.first?["fetches"]?.integerValue ?? -1
      outcome.mostFetches = mostFetches(in: elapsed)
      return outcome
    }
  }

  private func rotate(_ keys: inout [IssuerKey], to new: IssuerKey, isHard: Bool) throws {
    if isHard {
      // The old key's tokens go out of use at the same moment, so nobody asks about one after it.
      try ask(with: [])
      keys = []
    }
    keys.append(new)
    publish(keys)
    try burst(with: new)
    try ask(with: keys)
    pause(period / 2)
    if keys.count > 1 {
      keys.removeFirst(keys.count - 1)
      try ask(with: keys)
      publish(keys)
    }
    pause(period / 2)
    condition.withLock { outcome.rotations += 1 }
  }

  /// The first tokens of a key come all at once: on connections of their own, and many on one.
  private func burst(with key: IssuerKey) throws {
    let minter = DevIssuer(url: provider.issuer, keyStore: KeyRing())
    let good = #""ok":true,"policy":"default","issuer":"idp","#
    let questions = try (0..<60).map { number in
      let token = try minter.mint(.access, key: key) { $0.subject = "burst-\(number)" }
      return Question(token: token, verdict: good)
    }
    let clients = questions.compactMap { _ in SocketClient(socket) }
    let pipeline = SocketClient(socket)
    for (client, question) in zip(clients, questions) { client.send(Self.line(0, question)) }
    pipeline?.send((0..<Self.pipelined).flatMap { Self.line($0, questions[$0 % questions.count]) })
    for (client, question) in zip(clients, questions) { note(client.line() ?? "no reply", to: question, id: 0) }
    // Replies with ids may overtake each other, and each is right for one token only.
    for _ in 0..<Self.pipelined {
      let reply = pipeline?.line() ?? "no reply"
      note(reply, to: Question(token: "", verdict: good), id: Self.id(of: reply))
    }
    condition.withLock { outcome.bursts += 1 }
  }

  /// How many of a burst come on one connection.
  private static let pipelined = 500

  private static func line(_ id: Int, _ question: Question) -> [UInt8] {
    Array(#"{"id":\#(id),"op":"verify","token":"\#(question.token)"}"#.utf8) + [0x0A]
  }

  private static func id(of reply: String) -> Int {
    Int(reply.dropFirst(#"{"id":"#.utf8.count).prefix { $0.isNumber }) ?? -1
  }

  private func sitThroughOutage(_ round: Int, _ control: SocketClient) throws {
    let answers: [ProviderAnswer] = [.reset, .status(503), .html, .truncated, .emptySet]
    let answer = answers[round / 3 % answers.count]
    for endpoint in [FaultyProvider.Endpoint.discovery, .keys] { provider.answer(endpoint, with: answer) }
    let minter = DevIssuer(url: provider.issuer, keyStore: KeyRing())
    let absent = try IssuerKey.generate(.es256, kid: "absent-\(round)")
    let good = try minter.mint(.access, key: absent)
    try expect(control, good, #""ok":false,"error":{"code":"keys_unavailable","#)
    let expired = try minter.mint(.access, key: absent) { $0.isExpired = true }
    try expect(control, expired, #""ok":false,"error":{"code":"expired","#)
    pause(period)
    for endpoint in [FaultyProvider.Endpoint.discovery, .keys] { provider.answer(endpoint, with: .document) }
    // The cool-down of an attempt that failed an instant ago: within it a new key may be unavailable, by contract.
    pause(1.5)
    condition.withLock { outcome.outages += 1 }
  }

  /// A bound on the fetches.
  ///
  /// One at the start. Each rotation: one for the unknown kid, and one that was under way and came too early. Each outage:
  /// one for the unknown kid. And those on schedule, at 70 % of the lifetime at the earliest, or in place of them retries.
  private func mostFetches(in elapsed: TimeInterval) -> Int64 {
    1 + 2 * Int64(outcome.rotations) + Int64(outcome.outages) + Int64((elapsed / (Self.refresh * 0.7)).rounded(.up))
  }

  private func key(_ number: Int) throws -> IssuerKey { try CachedKeys.key(named: "r\(number)") }

  private func publish(_ keys: [IssuerKey]) {
    let set: JSONValue = ["keys": .array(keys.map { .object($0.jwk) })]
    provider.setKeys(String(decoding: set.serialized(), as: UTF8.self))
  }

  // MARK: Questions

  /// Has every connection ask about tokens of these keys, good and forged ones, and returns once none has a reply
  /// outstanding to an earlier question; without keys about garbage.
  private func ask(with keys: [IssuerKey]) throws {
    let minter = DevIssuer(url: provider.issuer, keyStore: KeyRing())
    var new = [Question(token: "garbage", verdict: #""ok":false,"error":{"code":"opaque_token","#)]
    for key in keys {
      let foreign = try IssuerKey.generate(.es256, kid: key.kid)
      for number in 0..<4 {
        let token = try minter.mint(.access, key: key) { $0.subject = "user-\(number)" }
        new.append(Question(token: token, verdict: #""ok":true,"policy":"default","issuer":"idp","#))
      }
      new.append(
        Question(
          token: try minter.mint(.access, key: foreign), verdict: #""ok":false,"error":{"code":"bad_signature","#))
    }
    condition.withLock {
      questions = new
      edition += 1
      while editionsSeen.values.contains(where: { $0 < edition }), condition.wait(until: Date() + patience) {}
    }
  }

  /// One connection: a request, its reply, the next one, until it is over.
  private func converse(_ number: Int) {
    let client = SocketClient(socket)
    var turn = number
    while let question = next(of: number, turn) {
      guard let client else { return end(of: number, "nobody answers at the socket") }
      client.send(Self.line(turn, question))
      guard let reply = client.line() else { return end(of: number, "no reply") }
      note(reply, to: question, id: turn)
      turn += 1
    }
    end(of: number, nil)
  }

  private func next(of number: Int, _ turn: Int) -> Question? {
    condition.withLock {
      editionsSeen[number] = edition
      condition.broadcast()
      return isOver ? nil : questions[turn % questions.count]
    }
  }

  private func note(_ reply: String, to question: Question, id: Int) {
    condition.withLock {
      outcome.verdicts += 1
      if question.verdict.contains("bad_signature") { outcome.forgeriesRefused += 1 }
      if reply.contains(#","stale":true,"#) { outcome.stale += 1 }
      if !reply.hasPrefix("{\"id\":\(id)," + question.verdict), outcome.wrong.count < 5 {
        outcome.wrong.append("expected \(question.verdict) but got \(reply)")
      }
    }
  }

  private func end(of number: Int, _ fault: String?) {
    condition.withLock {
      editionsSeen[number] = nil
      if let fault { outcome.wrong.append(fault) }
      condition.broadcast()
    }
  }

  private func expect(_ control: SocketClient, _ token: String, _ verdict: String) throws {
    control.send(Array("{\"id\":0,\"op\":\"verify\",\"token\":\"\(token)\"}\n".utf8))
    note(control.line() ?? "no reply", to: Question(token: token, verdict: verdict), id: 0)
  }

  private func ask(_ control: SocketClient, _ line: String) throws -> JSONValue {
    control.send(Array((line + "\n").utf8))
    return try JSONValue(parsing: Array((control.line() ?? "").utf8))
  }

  /// The provider's pace, not a wait for anything: whatever the daemon does meanwhile must be right.
  private func pause(_ seconds: TimeInterval) { Thread.sleep(forTimeInterval: seconds) }
}
