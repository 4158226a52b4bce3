import BearerClaims
import BearerDevIssuer
import BearerIntrospection
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerProtocol
import BearerServer
import BearerTestKit
import BearerTime
import Testing

@testable import BearerConfiguration
@testable import BearerDaemon

/// A line that is known is answered as if it had been read.
@Suite struct LineCacheTests {
  /// The `id` of the line that was read last.
  private func lastRead(_ fixture: AnswersFixture) throws -> String {
    let handler = try #require(fixture.handler as? RequestHandler)
    return String(decoding: handler.reader.id, as: UTF8.self)
  }

  @Test(
    "from the fourth time on, the same line with another id is not read",
    arguments: [
      { #"{"id":\#($0),"op":"verify","token":"\#($1)"}"# }, { #"{"op":"verify","token":"\#($1)","id":\#($0)}"# },
      { #"{"op": "verify", "token": "\#($1)", "id": \#($0)}"# },
      { #"{"id": \#($0), "op": "introspect", "token": "\#($1)"}"# },
      { #"{"id":"r-\#($0)","op":"verify","authorization":"Bearer \#($1)","scope":"read"}"# },
    ] as [@Sendable (Int, String) -> String])
  func notRead(line: @Sendable (Int, String) -> String) throws {
    let fixture = AnswersFixture(limits: .tokenCache(1 << 20))
    try fixture.restore("k1")
    let token = try AnswersFixture.token { $0.scope = "read" }
    let plain = AnswersFixture(limits: .tokenCache(0))
    try plain.restore("k1")
    var read: [String] = []
    for number in 1...5 {
      let reply = fixture.text(line(number, token))
      #expect(reply == plain.text(line(number, token)))
      #expect(reply.contains(#""ok":true"#))
      read.append(try lastRead(fixture))
    }
    #expect(Set(read.suffix(3)).count == 1)
    #expect(Set(read.prefix(2)).count == 2)
  }

  @Test("without an id the whole line is known, and the reply is in order")
  func withoutID() throws {
    let fixture = AnswersFixture(limits: .tokenCache(1 << 20))
    try fixture.restore("k1")
    let line = #"{"op":"verify","token":"\#(try AnswersFixture.token())"}"#
    let replies = (0..<4).map { _ in fixture.outcome(line) }
    #expect(Set(replies.map(\.reply)).count == 1)
    for reply in replies { if case .answered(.inOrder) = reply.outcome {} else { Issue.record("not in order") } }
    #expect((fixture.handler as? RequestHandler)?.lines.count == 1)
    // An id in the middle is another line each time.
    for number in 0..<10 {
      let token = try AnswersFixture.token()
      _ = fixture.text(#"{"op":"verify","id":\#(number),"token":"\#(token)"}"#)
    }
    #expect((fixture.handler as? RequestHandler)?.lines.count == 1)
  }

  @Test("what a peer may ask is tested each time, and counts towards its rate")
  func peers() throws {
    var first = PeerConfiguration(name: "a", identity: .user(1))
    first.rate = 6
    var second = PeerConfiguration(name: "b", identity: .user(2))
    second.policies = ["other"]
    let fixture = AnswersFixture(peers: [first, second], limits: .tokenCache(1 << 20))
    try fixture.restore("k1")
    let token = try AnswersFixture.token()
    func ask(_ uid: UInt32, _ id: Int) throws -> String {
      let line = #"{"id":\#(id),"op":"verify","token":"\#(token)"}"#
      let reply = fixture.outcome(line, from: Peer(uid: uid, gid: 9, pid: 1)).reply
      return try JSONValue(parsing: Array(reply.utf8)).verdict
    }
    for id in 1...5 { #expect(try ask(1, id) == "ok") }
    #expect(try lastRead(fixture) == "3")
    #expect(try ask(2, 6) == "not_permitted")
    #expect(try ask(3, 7) == "not_permitted")
    #expect(try ask(1, 8) == "ok")
    #expect(try ask(1, 9) == "too_many_connections")
    #expect(try lastRead(fixture) == "3")
  }

  @Test("a clock that is set back before the token's time takes the known reply away", arguments: ["nbf", "iat"])
  func clockSetBack(claim: String) throws {
    let fixture = AnswersFixture(limits: .tokenCache(1 << 20))
    try fixture.restore("k1")
    let token = try AnswersFixture.token {
      $0.claims["iat"] = .number(JSONNumber(ManualClock.date - 1000))
      $0.claims[claim] = .number(JSONNumber(ManualClock.date))
    }
    func ask(_ id: Int) throws -> String {
      let reply = try fixture.reply(#"{"id":\#(id),"op":"verify","token":"\#(token)"}"#)
      #expect(reply["id"] == .number(JSONNumber(Int64(id))))
      return reply.verdict
    }
    for id in 1...4 { #expect(try ask(id) == "ok") }
    #expect(try lastRead(fixture) == "3")
    // At the leeway's end it holds, and is still known.
    fixture.clock.setDate(by: .seconds(-30))
    #expect(try ask(5) == "ok")
    #expect(try lastRead(fixture) == "3")
    fixture.clock.setDate(by: .microseconds(-1))
    #expect(try ask(6) == (claim == "nbf" ? "not_yet_valid" : "issued_in_future"))
    fixture.clock.setDate(by: .microseconds(1))
    #expect(try ask(7) == "ok")
  }

  /// Whatever happens to keys, policies, callers and time, the replies are those of a handler that remembers nothing.
  @Test(
    "replies are the same with and without what is remembered", arguments: 0..<4 as Range<UInt64>,
    [nil, 40_000] as [Int?])
  func same(seed: UInt64, memory: Int?) throws {
    var chance = JitterGenerator(seed: seed)
    let limits = Limits.tokenCache(memory)
    let peers = try Self.peers(&chance)
    let with = AnswersFixture(peers: peers, limits: limits)
    let without = AnswersFixture(peers: peers, limits: .tokenCache(0))
    let both = [with, without]
    for fixture in both { try fixture.restore("k1") }
    let tokens = try Self.tokens()
    let forms =
      [
        { #"{"id":\#($0),\#($1)}"# }, { #"{\#($1),"id":\#($0)}"# }, { #"{\#($1)}"# + $0.prefix(0) },
        { #"{\#($1)},"id":\#($0)}"# }, { #"{"id":\#($0),\#($1)} "# }, { #"{"id":\#($0),"id":1,\#($1)}"# },
      ] as [(String, String) -> String]
    var (token, op, rest, form, uid) = (tokens[0], "verify", "", 0, UInt32(0))
    var (accepted, millisecond) = (0, Int64(0))
    for step in 0..<4000 {
      // Mostly everything stays as it was, or one thing changes.
      switch UInt64.random(in: 0..<60, using: &chance) {
      case 0: for fixture in both { fixture.clock.advance(by: .milliseconds(20)) }
      case 1:
        let kids = ["k1", "k1", "k2"].randomElement(using: &chance) ?? "k1"
        for fixture in both { try fixture.restore(kids) }
      case 2:
        let scopes = [[], [], ["read"], ["write"]].randomElement(using: &chance) ?? []
        let kind = [TokenType.access, .access, .id].randomElement(using: &chance) ?? .access
        let peers = try Self.peers(&chance)
        for fixture in both {
          let policy = AnswersFixture.policy {
            $0.scopes = scopes
            $0.tokenType = kind
            // Without it the tokens' times are around that at which the clock stands.
            $0.leeway = .zero
          }
          fixture.reload([policy], peers: peers, limits: fixture === with ? limits : .tokenCache(0))
        }
      case 3...6:
        let date = ([-700, 0, 0, 0, 700, 700, 1400, 2100, 39_000] as [Int64]).randomElement(using: &chance) ?? 0
        for fixture in both { fixture.clock.setDate(by: .milliseconds(date - millisecond)) }
        millisecond = date
      case 7...8: token = tokens.randomElement(using: &chance) ?? token
      case 9: op = ["verify", "introspect"].randomElement(using: &chance) ?? op
      case 10:
        rest =
          ["", #","scope":"read""#, #","max_age":3"#, #","explain":true"#, #","policy":"default""#]
          .randomElement(using: &chance) ?? rest
      case 11...12: form = [0, 0, 1, 1, 2, 3, 4, 5].randomElement(using: &chance) ?? form
      case 13...15: uid = ([0, 0, 0, 1, 2, 3] as [UInt32]).randomElement(using: &chance) ?? uid
      default: break
      }
      let id = ["\(step)", #""s\#(step)""#, #""\\u0041""#, "-\(step)"].randomElement(using: &chance) ?? "0"
      let line = forms[form](id, #""op":"\#(op)","token":"\#(token)"\#(rest)"#)
      let peer = Peer(uid: uid, gid: 9, pid: 1, isAdministrator: UInt64.random(in: 0..<20, using: &chance) == 0)
      let reply = with.outcome(line, from: peer).reply
      #expect(reply == without.outcome(line, from: peer).reply)
      if reply.contains(#""ok":true"#) { accepted += 1 }
    }
    // Or little was tried.
    #expect(accepted > 150, "\(accepted) accepted")
  }

  /// Three users who may ask different things; 3 is a stranger in half of the cases.
  private static func peers(_ chance: inout JitterGenerator) throws -> [PeerConfiguration] {
    var peers = (0...3 as ClosedRange<UInt32>).map { PeerConfiguration(name: "u\($0)", identity: .user($0)) }
    peers[1].operations = [.verify]
    peers[1].rate = 50
    peers[2].policies = [["default"], ["other"]].randomElement(using: &chance)
    if Bool.random(using: &chance) { peers.removeLast() }
    return peers
  }

  /// Tokens of two keys, of short and long lives, with times of every kind, and spoilt ones.
  private static func tokens() throws -> [String] {
    var tokens: [String] = []
    for kid in ["k1", "k2"] {
      for lifetime in [2, 40, 4000] as [Int64] {
        tokens.append(
          try AnswersFixture.token(kid: kid) {
            $0.lifetime = lifetime
            $0.scope = "read"
            $0.claims["t"] = "a\u{2028}b"
          })
      }
      tokens.append(
        try AnswersFixture.token(kid: kid) {
          $0.scope = "read"
          $0.claims["nbf"] = .number(JSONNumber(ManualClock.date + 31))
          $0.claims["auth_time"] = .number(JSONNumber(ManualClock.date - 2))
        })
    }
    return tokens + [try AnswersFixture.token(.id), String(tokens[0].dropLast(4)) + "AAAA"]
  }

  @Test(
    "a line that differs by one byte from one that is known is answered as if it had been read",
    arguments: [
      { #"{"id":7,"op":"verify","token":"\#($0)"}"# }, { #"{"op":"verify","token":"\#($0)","id":7}"# },
      { #"{"id": "a", "op": "introspect", "token": "\#($0)"}"# },
      { #"{"op": "verify", "token": "\#($0)", "scope":"read", "id": "a"}"# }, { #"{"op":"verify","token":"\#($0)"}"# },
    ] as [@Sendable (String) -> String])
  func neighbours(line: @Sendable (String) -> String) throws {
    let with = AnswersFixture(limits: .tokenCache(1 << 20))
    let without = AnswersFixture(limits: .tokenCache(0))
    for fixture in [with, without] { try fixture.restore("k1") }
    let token = try AnswersFixture.token { $0.scope = "read" }
    let known = Array(line(token).utf8)
    for _ in 0..<4 { _ = with.text(line(token)) }
    #expect((with.handler as? RequestHandler)?.lines.count == 1)
    let inToken = try #require(known.firstRange(of: Array(token.utf8)))
    var accepted = 0
    for at in 0...known.count where !inToken.dropFirst().dropLast().contains(at) {
      var neighbours = Array(#"{}[]":, \/019aid-.e"# + "\u{7F}\t").flatMap { character -> [[UInt8]] in
        let byte = Array(String(character).utf8)
        let replaced = at < known.count ? [known[..<at] + byte + known[(at + 1)...]] : []
        return replaced.map { Array($0) } + [Array(known[..<at] + byte + known[at...])]
      }
      if at < known.count { neighbours.append(Array(known[..<at] + known[(at + 1)...])) }
      for neighbour in neighbours {
        let text = String(decoding: neighbour, as: UTF8.self)
        let reply = with.text(text)
        #expect(reply == without.text(text), "\(text)")
        if reply.contains(#""ok":true"#) { accepted += 1 }
        // Nobody but the known line is known, or the next one would be compared with that.
        #expect(reply == with.text(text), "\(text)")
      }
    }
    // Other ids and white space.
    #expect(accepted > 20)
  }

  @Test("a line about a JWT that the back-end is asked about is never known", arguments: ["verify", "introspect"])
  func recheck(op: String) async throws {
    var settings = BackEndSettings()
    settings.cache = .seconds(30)
    let fixture = try BackEndFixture(settings: settings, policies: [BackEndFixture.recheck(.refuse)])
    let handler = try #require(fixture.handler as? RequestHandler)
    let token = try AnswersFixture.token()
    try await fixture.run { () async throws in
      fixture.source.say(#"{"active":true}"#)
      for id in 0..<8 { #expect(try await fixture.verify(token, #","id":\#(id)"#, op: op).verdict == "ok") }
      #expect(handler.lines.count == 0)
      fixture.source.say(#"{"active":false}"#)
      fixture.clock.advance(by: .seconds(31))
      #expect(try await fixture.verify(token, #","id":8"#, op: op).verdict == "inactive_token")
    }
  }

  @Test(
    "a line about an opaque token is known for as long as its answer is, and tells its age", arguments: [true, false])
  func opaque(hasExpiry: Bool) async throws {
    var settings = BackEndSettings()
    settings.cache = .seconds(30)
    let fixture = try BackEndFixture(
      settings: settings, policies: [BackEndFixture.policy()], limits: .tokenCache(1 << 20))
    let handler = try #require(fixture.handler as? RequestHandler)
    func answer(_ subject: String) -> String {
      let expiry = hasExpiry ? #","exp":\#(ManualClock.date + 1000)"# : ""
      return #"{"active":true,"sub":"\#(subject)","aud":"api"\#(expiry)}"#
    }
    try await fixture.run { () async throws in
      fixture.source.say(answer("u"))
      _ = try await fixture.verify("abc")
      var read: Set<String> = []
      for seconds in 0..<30 {
        let reply = try await fixture.verify("abc", #","id":\#(seconds)"#)
        #expect(reply["ok"] == true && reply["id"] == .number(JSONNumber(Int64(seconds))))
        #expect(reply["claims"]?["sub"] == "u" && reply["source"] == "introspection")
        #expect(reply["checked_at_s"] == .number(JSONNumber(Int64(seconds))))
        #expect(reply["expires_in"] == .number(JSONNumber(Int64(hasExpiry ? 1000 - seconds : 30 - seconds))))
        read.insert(String(decoding: handler.reader.id, as: UTF8.self))
        fixture.clock.advance(by: .seconds(1))
      }
      #expect(read == ["0"])
      fixture.source.say(answer("other"))
      let next = try await fixture.verify("abc", #","id":99"#)
      #expect(next["claims"]?["sub"] == "other" && next["checked_at_s"] == 0)
      let again = try await fixture.verify("abc", #","id":100"#)
      #expect(again["claims"]?["sub"] == "other" && again["id"] == 100)
      fixture.source.say(#"{"active":false}"#)
      fixture.clock.advance(by: .seconds(31))
      #expect(try await fixture.verify("abc", #","id":101"#).verdict == "inactive_token")
    }
  }

  // MARK: The memory

  private func line(_ reply: String, _ momentary: AcceptanceBasis.Momentary = .init()) -> CachedLine? {
    let policy = EffectivePolicy(AnswersFixture.policy(), issuers: [])
    let basis = AcceptanceBasis(
      issuer: 0, source: .keys(set: 1), validity: ClaimSet().validity(under: policy), tellsExpiry: false, expiry: nil)
    let bytes = Array(reply.utf8)
    return CachedLine(
      .first, Request(.verify), requestBytes: 0, in: 0, basis: basis, momentary: momentary, reply: bytes.span)
  }

  private func line(_ size: Int) throws -> CachedLine {
    try #require(line(String(repeating: "a", count: size) + "}\n"))
  }

  @Test("a reply is kept only if it ends with what it is said to tell of its moment")
  func end() throws {
    let now = AcceptanceBasis.Momentary(expiresIn: 10, age: .seconds(9))
    let reply = #""ok":true,"expires_in":10,"source":"introspection","checked_at_s":9}"# + "\n"
    var later: [UInt8] = []
    let known = try #require(line(reply, now))
    known.append(id: [0x37].span, AcceptanceBasis.Momentary(expiresIn: 9, age: .seconds(10)), to: &later)
    #expect(
      String(decoding: later, as: UTF8.self)
        == #"{"id":7,"ok":true,"expires_in":9,"source":"introspection","checked_at_s":10}"# + "\n")
    // A second has passed between the reply and its being kept.
    for other in [(9, 9), (10, 10), (9, 10), (0, 9)] as [(Int64, Int64)] {
      #expect(line(reply, AcceptanceBasis.Momentary(expiresIn: other.0, age: .seconds(other.1))) == nil)
    }
    #expect(line("}", now) == nil)
  }

  @Test("lists in a request are counted as what they take, and not as what they take in the line")
  func lists() throws {
    let values = [[UInt8]](repeating: [0x61], count: 64)
    let policy = EffectivePolicy(AnswersFixture.policy(), issuers: [])
    let basis = AcceptanceBasis(
      issuer: 0, source: .keys(set: 1), validity: ClaimSet().validity(under: policy), tellsExpiry: false, expiry: nil)
    var request = Request(.verify)
    func size() -> Int? {
      let bytes = Array("}\n".utf8)
      let line = CachedLine(
        .first, request, requestBytes: 0, in: 0, basis: basis, momentary: .init(), reply: bytes.span)
      return line?.heldBytes
    }
    let plain = try #require(size())
    request.constraints.audiences = values
    request.constraints.acrValues = values
    #expect(size() == plain + 128 * 64)
    request.constraints.scopes = values
    request.constraints.roles = values
    request.constraints.nonce = [0x61]
    #expect(size() == plain + 257 * 64)
  }

  @Test("memory is bounded, what was used lately is spared, and what is too large is not kept")
  func eviction() throws {
    var lines = LineCache(bytes: 4 * (try line(100).heldBytes))
    func find(_ number: UInt8, _ position: LineShape.IDPosition = .first) -> (name: TokenName?, line: CachedLine?) {
      lines.find([number].span, position)
    }
    let names = (0..<6 as Range<UInt8>).compactMap { find($0).name }
    try #require(names.count == 6)
    for name in names.prefix(4) { lines.insert(try line(100), as: name) }
    #expect(lines.count == 4)
    #expect(find(0).line != nil)
    #expect(find(0, .last).line == nil)
    lines.insert(try line(100), as: names[4])
    #expect(lines.count == 4)
    #expect((0..<6).map { find($0).line != nil } == [true, false, true, true, true, false])
    lines.insert(try line(5000), as: names[5])
    #expect(find(5).line == nil)
    // A larger one in the place of a smaller one makes room, too.
    lines.insert(try line(300), as: names[0])
    #expect(lines.heldBytes <= 4 * (try line(100).heldBytes))
    lines = LineCache(bytes: 0)
    #expect(find(1).name == nil)
  }
}
