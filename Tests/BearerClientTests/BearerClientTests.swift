import BearerClient
import BearerJSON
import Glibc
import Testing

@Suite("A client", .timeLimit(.minutes(10)))
struct BearerClientTests {
  private let daemon = FakeDaemon()

  @Test("asks for a verdict with every requirement, and reads an acceptance")
  func accepted() async throws {
    defer { daemon.end() }
    let client = BearerClient(path: daemon.path)
    var requirements = Requirements(policy: "p")
    requirements.audience = ["a", "b"]
    requirements.scope = ["read", "write"]
    requirements.maxAge = 300
    requirements.acrValues = ["mfa"]
    requirements.nonce = "n"
    requirements.deadlineMilliseconds = 100
    async let verdict = client.verify(token: "x.y.z", requirements: requirements)
    let caller = await daemon.accept()
    #expect(
      await caller.line()
        == #"{"id":1,"op":"verify","token":"x.y.z","policy":"p","audience":["a","b"],"scope":"read write","max_age":300,"#
        + #""acr_values":"mfa","nonce":"n","deadline_ms":100}"#)
    await caller.send(
      #"{"id":1,"ok":true,"policy":"p","issuer":"i","header":{},"claims":{"sub":"u","n":1.50},"expires_in":9,"new":{}}"#
        + "\n")
    guard case .accepted(let acceptance) = try await verdict else {
      Issue.record("refused")
      return
    }
    #expect(acceptance.policy == "p")
    #expect(acceptance.issuer == "i")
    #expect(String(decoding: acceptance.claims, as: UTF8.self) == #"{"sub":"u","n":1.50}"#)
    #expect(acceptance.expiresIn == 9)
    #expect(!acceptance.isStale)
    client.close()
    #expect(await caller.line() == nil)
  }

  @Test("reads a refusal, also one of a category that it does not know")
  func refused() async throws {
    defer { daemon.end() }
    let client = BearerClient(path: daemon.path)
    async let verdict = client.verify(authorization: "")
    let caller = await daemon.accept()
    #expect(await caller.line() == #"{"id":1,"op":"verify","authorization":""}"#)
    await caller.send(
      #"{"id":1,"ok":false,"error":{"code":"odd","category":"new","message":"m","status":401,"www_authenticate":"Bearer","#
        + #""retry_after_ms":5,"claim":"exp","member":"x","reason":"y"}}"# + "\n")
    guard case .refused(let refusal) = try await verdict else {
      Issue.record("accepted")
      return
    }
    #expect(refusal.code == "odd")
    #expect(refusal.category == Refusal.Category(rawValue: "new"))
    #expect(refusal.message == "m")
    #expect(refusal.status == 401)
    #expect(refusal.wwwAuthenticate == "Bearer")
    #expect(refusal.retryAfterMilliseconds == 5)
    #expect(refusal.claim == "exp")
    #expect(refusal.member == "x")
    #expect(refusal.reason == "y")
  }

  @Test(
    "takes nothing for an acceptance that is not clearly one",
    arguments: [
      #"{"id":1}"#, #"{"id":1,"ok":"true"}"#, #"{"id":1,"ok":1}"#, #"{"id":1,"ok":true}"#,
      #"{"id":1,"ok":true,"policy":"p","issuer":"i","claims":[],"expires_in":1}"#,
      #"{"id":1,"ok":false}"#, #"{"id":1,"ok":true,"ok":true}"#, #"{"id":2,"ok":true}"#, #"{"ok":true}"#, "[]", "x",
    ])
  func malformed(reply: String) async throws {
    defer { daemon.end() }
    let client = BearerClient(path: daemon.path)
    let task = Task { try await client.verify(token: "x") }
    let caller = await daemon.accept()
    _ = await caller.line()
    await caller.send(reply + "\n")
    await #expect(throws: ClientError.malformedReply) { try await task.value }
  }

  @Test("finds the request of each reply by its id, whatever the order")
  func overtaking() async throws {
    defer { daemon.end() }
    let client = BearerClient(path: daemon.path)
    async let first = client.request(["op": "first"])
    let caller = await daemon.accept()
    #expect(await caller.line() == #"{"id":1,"op":"first"}"#)
    async let second = client.request(["op": "second"])
    #expect(await caller.line() == #"{"id":2,"op":"second"}"#)
    await caller.send(#"{"id":2,"ok":true,"who":2}"# + "\r\n\n")
    #expect(try await second == ["ok": true, "who": 2])
    await caller.send(#"{"id":1,"ok":true,"who":1}"# + "\n")
    #expect(try await first == ["ok": true, "who": 1])
  }

  @Test("takes a reply without an id of its own for that to the oldest request")
  func nullID() async throws {
    defer { daemon.end() }
    let client = BearerClient(path: daemon.path)
    async let first = client.request(["op": "first"])
    let caller = await daemon.accept()
    _ = await caller.line()
    async let second = client.request(["op": "second"])
    _ = await caller.line()
    await caller.send(#"{"id":null,"ok":false}"# + "\n")
    #expect(try await first == ["ok": false])
    await caller.send(#"{"id":2,"ok":true}"# + "\n")
    #expect(try await second == ["ok": true])
  }

  @Test("connects again and repeats what had no reply, once")
  func restart() async throws {
    defer { daemon.end() }
    let client = BearerClient(path: daemon.path)
    async let reply = client.request(["op": "ping"])
    let before = await daemon.accept()
    _ = await before.line()
    before.close()
    let after = await daemon.accept()
    #expect(await after.line() == #"{"id":1,"op":"ping"}"#)
    await after.send(#"{"id":1,"ok":true}"# + "\n")
    #expect(try await reply == ["ok": true])

    let hopeless = Task { try await client.request(["op": "ping"]) }
    _ = await after.line()
    after.close()
    let last = await daemon.accept()
    _ = await last.line()
    last.close()
    await #expect(throws: ClientError.closed) { try await hopeless.value }
  }

  @Test("says which path nobody answers at")
  func noDaemon() async {
    daemon.end()
    await #expect(throws: ClientError.noDaemon(path: daemon.path, errno: ENOENT)) {
      try await BearerClient(path: daemon.path).verify(token: "x")
    }
    let long = "/tmp/" + String(repeating: "x", count: 200)
    await #expect(throws: ClientError.pathTooLong(long)) { try await BearerClient(path: long).verify(token: "x") }
  }

  @Test("gives up a reply over its bound")
  func replyTooLong() async {
    defer { daemon.end() }
    let client = BearerClient(path: daemon.path)
    let task = Task { try await client.verify(token: "x") }
    let caller = await daemon.accept()
    _ = await caller.line()
    await caller.send(String(repeating: "x", count: BearerClient.maximumReplyBytes + 2))
    await #expect(throws: ClientError.replyTooLong) { try await task.value }
  }

  @Test("a task that stops waiting is alone in that: its late reply goes to nobody, and the connection is kept")
  func cancelled() async throws {
    defer { daemon.end() }
    let client = BearerClient(path: daemon.path)
    let impatient = Task { try await client.request(["op": "first"]) }
    let caller = await daemon.accept()
    #expect(await caller.line() == #"{"id":1,"op":"first"}"#)
    async let patient = client.request(["op": "second"])
    #expect(await caller.line() == #"{"id":2,"op":"second"}"#)
    impatient.cancel()
    await #expect(throws: ClientError.cancelled) { try await impatient.value }
    await caller.send(#"{"id":1,"ok":true}"# + "\n" + #"{"id":2,"ok":false}"# + "\n")
    #expect(try await patient == ["ok": false])
    async let later = client.request(["op": "third"])
    #expect(await caller.line() == #"{"id":3,"op":"third"}"#)
    await caller.send(#"{"id":3,"ok":true}"# + "\n")
    #expect(try await later == ["ok": true])
  }

  @Test("a reply without an id of its own goes to the oldest request also if nobody waits for that any more")
  func cancelledOldest() async throws {
    defer { daemon.end() }
    let client = BearerClient(path: daemon.path)
    let impatient = Task { try await client.request(["op": "first"]) }
    let caller = await daemon.accept()
    _ = await caller.line()
    async let patient = client.request(["op": "second"])
    _ = await caller.line()
    impatient.cancel()
    await #expect(throws: ClientError.cancelled) { try await impatient.value }
    await caller.send(#"{"id":null,"ok":false}"# + "\n" + #"{"id":2,"ok":true}"# + "\n")
    #expect(try await patient == ["ok": true])
  }

  @Test("a request that waits for its turn is not sent when its task is cancelled")
  func cancelledInLine() async throws {
    defer { daemon.end() }
    let client = BearerClient(path: daemon.path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<64 { group.addTask { _ = try await client.request(["op": "ping"]) } }
      let caller = await daemon.accept()
      for _ in 1...64 { _ = await caller.line() }
      let impatient = Task { try await client.request(["op": "first"]) }
      // One after the other on the client's event loop: once this has failed, the other is in line.
      impatient.cancel()
      await #expect(throws: ClientError.cancelled) { try await impatient.value }
      for id in 1...64 { await caller.send(#"{"id":\#(id),"ok":true}"# + "\n") }
      try await group.waitForAll()
      async let later = client.request(["op": "second"])
      #expect(await caller.line()?.contains(#""op":"second""#) == true)
      await caller.send(#"{"id":null,"ok":true}"# + "\n")
      #expect(try await later == ["ok": true])
    }
  }

  @Test("a task that is cancelled before it asks sends nothing")
  func cancelledBefore() async {
    // Nobody listens there: whoever tried to connect would learn that.
    let client = BearerClient(path: "/nonexistent/b.sock")
    let (gate, open) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      for await _ in gate {}
      return try await client.request(["op": "ping"])
    }
    task.cancel()
    open.finish()
    await #expect(throws: ClientError.cancelled) { try await task.value }
  }

  @Test("asks the socket of the user that it expects, and sends nothing to that of another")
  func serverUID() async throws {
    defer { daemon.end() }
    let uid = getuid()
    let wrong = BearerClient(path: daemon.path, serverUID: uid + 1)
    async let refused = wrong.verify(token: "x")
    let caller = await daemon.accept()
    #expect(await caller.line() == nil)
    do {
      _ = try await refused
      Issue.record("there is a verdict")
    } catch {
      #expect(error as? ClientError == .unexpectedServer(uid: uid, expected: uid + 1))
    }

    let right = BearerClient(path: daemon.path, serverUID: uid)
    async let reply = right.request(["op": "ping"])
    let other = await daemon.accept()
    _ = await other.line()
    await other.send(#"{"id":1,"ok":true}"# + "\n")
    #expect(try await reply == ["ok": true])
  }

  @Test("sends no more requests than may be under way, and the rest as replies come")
  func inFlight() async throws {
    defer { daemon.end() }
    let client = BearerClient(path: daemon.path)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<200 { group.addTask { try await client.request(["op": "ping"])["ok"] == true } }
      let caller = await daemon.accept()
      for id in 1...64 { #expect(await caller.line() == #"{"id":\#(id),"op":"ping"}"#) }
      for id in 1...200 {
        await caller.send(#"{"id":\#(id),"ok":true}"# + "\n")
        if id + 64 <= 200 { #expect(await caller.line() == #"{"id":\#(id + 64),"op":"ping"}"#) }
      }
      var answered = 0
      for try await isOK in group { answered += isOK ? 1 : 0 }
      #expect(answered == 200)
    }
  }
}
