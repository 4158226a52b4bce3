import BearerClaims
import BearerIntrospection
import BearerJOSE
import BearerKeys
import BearerServer

/// A known opaque token against a known JWT with the same claims, in turn.
enum OpaqueBenchmark {
  /// The most that a known opaque token may take, in times of a known JWT.
  private static let goal = 1.3

  /// Prints a row for each, and whether the goal is met.
  static func measure(_ material: Material) async throws {
    let backEnd = try await material.informedBackEnd()
    let handler = material.handler(asking: backEnd)
    let peer = Peer(uid: 0, gid: 0, pid: 0)
    var reply: [UInt8] = []
    func answer(_ line: [UInt8]) {
      reply.removeAll(keepingCapacity: true)
      _ = handler.handle(line.span, from: peer, into: &reply)
    }
    for line in material.lines + material.opaqueLines {
      answer(line)
      guard Benchmark.isAccepted(reply) else { throw SocketBenchmark.Interrupted() }
    }
    var known: [Double] = []
    var opaque: [Double] = []
    for _ in 0..<Benchmark.rounds {
      known.append(Benchmark.microsecondsEach(material.lines) { answer($0) })
      opaque.append(Benchmark.microsecondsEach(material.opaqueLines) { answer($0) })
    }
    let ratio = Benchmark.median(zip(opaque, known).map { $0 / $1 })
    Benchmark.report("\(material.name): known JWT", Benchmark.median(known), nil)
    Benchmark.report("opaque: known token with its claims", Benchmark.median(opaque), ratio)
    Benchmark.judge("opaque: at most \(goal) times a known JWT", ratio <= goal)
  }
}

extension Material {
  /// The opaque tokens: as long as those of most providers.
  private func opaqueToken(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: 43 - digits.count) + digits
  }

  /// The requests about them.
  var opaqueLines: [[UInt8]] {
    tokens.indices.map { Array(#"{"id":1,"op":"verify","token":"\#(opaqueToken($0))"}"#.utf8) }
  }

  /// A back-end that has called all opaque tokens active, with the claims of the JWTs.
  fileprivate func informedBackEnd() async throws -> BackEnd {
    var settings = BackEndSettings()
    settings.cache = .seconds(3600)
    settings.callsPerSecond = 100_000
    let answers = try tokens.indices.map { number -> (String, ActiveToken) in
      let parts = tokens[number].message.split(separator: UInt8(ascii: "."))
      let payload = Base64URL.decode(String(decoding: parts[1], as: UTF8.self)) ?? []
      var claims = ClaimSet()
      claims.bytes = Array(#"{"active":true,"#.utf8) + payload.dropFirst()
      try claims.parse()
      return (opaqueToken(number), ActiveToken(claims))
    }
    let source = KnowingSource(answers: Dictionary(uniqueKeysWithValues: answers))
    let backEnd = BackEnd(kind: .rfc7662, settings: settings, source: source)
    let calls = Task { await backEnd.run() }
    for (token, _) in answers {
      let bytes = Array(token.utf8)
      let (outcomes, told) = AsyncStream<StatusOutcome>.makeStream()
      _ = backEnd.ask(
        StatusQuestion(TokenDigest(bytes.span, of: .opaqueToken), .opaque), now: backEnd.now, waitAtMost: .seconds(10),
        wait: WaitingRoom.Wait(user: 0, bytes: 0), call: { StatusCall(token: bytes, identity: nil) }
      ) { told.yield($0) }
      for await _ in outcomes { break }
    }
    calls.cancel()
    return backEnd
  }
}

/// A back-end that knows these tokens.
private struct KnowingSource: TokenStatusSource {
  let answers: [String: ActiveToken]

  func ask(_ call: StatusCall) async -> Result<TokenStatus, BackEndFault> {
    .success(answers[String(decoding: call.token, as: UTF8.self)].map { .active($0) } ?? .inactive)
  }

  func forgetCredentials() {}
  func close() {}
}
