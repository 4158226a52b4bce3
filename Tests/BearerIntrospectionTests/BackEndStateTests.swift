import BearerKeys
import Testing

@testable import BearerIntrospection

/// When a back-end is asked, and how long its word counts.
@Suite struct BackEndStateTests {
  @Test("a thousand requests for one unknown token make one call, and all get its answer")
  func singleFlight() {
    var driver = BackEndDriver()
    for number in 1...1000 { #expect(driver.ask(7) == "wait \(number)") }
    #expect(driver.callCount == 1)
    driver.answer(.success(BackEndDriver.active()))
    #expect(driver.told.outcomes.count == 1000 && driver.told.outcomes.values.allSatisfy { $0 == "yes" })
    #expect(driver.ask(7) == "yes")
    #expect(driver.callCount == 1)
  }

  @Test("a yes counts for its time from when it was asked for, and not a moment longer")
  func yes() {
    var driver = BackEndDriver { $0.cache = .seconds(30) }
    driver.ask(1)
    driver.pass(.milliseconds(400))
    driver.answer(.success(BackEndDriver.active()))
    driver.pass(.milliseconds(29_599))
    #expect(driver.ask(1) == "yes")
    driver.pass(.milliseconds(1))
    #expect(driver.ask(1) == "wait 3")
    #expect(driver.callCount == 2)
  }

  @Test("without a cache every request asks, and who waited gets the answer all the same")
  func noCache() {
    var driver = BackEndDriver {
      $0.cache = .zero
      $0.negativeCache = .zero
    }
    driver.ask(1)
    driver.answer(.success(BackEndDriver.active()))
    #expect(driver.told.outcomes[1] == "yes")
    driver.ask(1)
    driver.answer(.success(.inactive))
    #expect(driver.told.outcomes[2] == "no")
    #expect(driver.ask(1) == "wait 3")
  }

  @Test("a no counts for as long as is configured")
  func no() {
    var driver = BackEndDriver { $0.negativeCache = .seconds(5) }
    driver.ask(1)
    driver.answer(.success(.inactive))
    driver.pass(.milliseconds(4999))
    #expect(driver.ask(1) == "no")
    driver.pass(.milliseconds(1))
    #expect(driver.ask(1) == "wait 3")
    driver.answer(.success(BackEndDriver.active()))
    #expect(driver.ask(1) == "yes")
  }

  @Test("an error is no answer: nothing is remembered of it")
  func error() {
    var driver = BackEndDriver()
    driver.ask(1)
    driver.answer(.failure(.broken))
    #expect(driver.told.outcomes[1] == "failed: call")
    #expect(driver.ask(1) == "wait 2")
    driver.answer(.success(BackEndDriver.active()))
    driver.pass(.seconds(30))
    driver.ask(1)
    driver.answer(.failure(.broken))
    #expect(driver.state.lastWord(BackEndDriver.digest(1), at: driver.now)?.age == .seconds(30))
  }

  @Test("a token that reads like header and payload of a JWT finds nothing that is known of that JWT")
  func subjects() {
    var driver = BackEndDriver()
    driver.ask(1, recheck: .seconds(30))
    driver.answer(.success(BackEndDriver.active()))
    #expect(driver.ask(1, recheck: .seconds(30)) == "yes")
    #expect(driver.ask(1) == "wait 3")
  }

  // MARK: Rechecks

  @Test("a JWT is asked about once in its interval, ahead of need in the second half, and nobody waits for that")
  func recheck() {
    var driver = BackEndDriver()
    driver.ask(1, recheck: .seconds(30))
    driver.answer(.success(BackEndDriver.active()))
    driver.pass(.milliseconds(14_999))
    #expect(driver.state.known(BackEndDriver.question(1, recheck: .seconds(30)), at: driver.now)?.isDue == false)
    driver.ask(1, recheck: .seconds(30), waits: false)
    #expect(driver.callCount == 1)
    driver.pass(.milliseconds(1))
    #expect(driver.state.known(BackEndDriver.question(1, recheck: .seconds(30)), at: driver.now)?.isDue == true)
    driver.ask(1, recheck: .seconds(30), waits: false)
    driver.ask(1, recheck: .seconds(30), waits: false)
    #expect(driver.callCount == 2)
    #expect(driver.ask(1, recheck: .seconds(30)) == "yes")
    driver.answer(.success(.inactive))
    #expect(driver.ask(1, recheck: .seconds(30)) == "no")
  }

  @Test("each policy's interval counts by itself")
  func intervals() {
    var driver = BackEndDriver()
    driver.ask(1, recheck: .seconds(60))
    driver.answer(.success(BackEndDriver.active()))
    driver.pass(.seconds(10))
    #expect(driver.ask(1, recheck: .seconds(60)) == "yes")
    #expect(driver.ask(1, recheck: .seconds(10)) == "wait 3")
  }

  @Test("that a JWT was called inactive stays known while the back-end cannot be asked")
  func revokedStaysRevoked() {
    var driver = BackEndDriver()
    driver.ask(1, recheck: .seconds(30))
    driver.answer(.success(.inactive))
    for _ in 0..<50 {
      driver.pass(.seconds(40))
      driver.ask(1, recheck: .seconds(30))
      driver.answer(.failure(.down))
    }
    guard case .inactive? = driver.state.lastWord(BackEndDriver.digest(1, .signingInput), at: driver.now)?.word else {
      Issue.record("forgotten")
      return
    }
  }

  @Test("ten good tokens in a row that are called inactive are told once, and one that is active ends it")
  func streak() {
    var driver = BackEndDriver()
    for token in 1...9 {
      driver.ask(token, recheck: .seconds(30))
      driver.answer(.success(.inactive))
    }
    // The same one again is no other one, and what is not good locally says nothing.
    driver.pass(.seconds(5))
    driver.ask(9, recheck: .seconds(30))
    driver.answer(.success(.inactive))
    driver.ask(99)
    driver.answer(.success(.inactive))
    #expect(!driver.state.status(at: driver.now).callsAllInactive)
    for token in 10...12 {
      driver.ask(token, recheck: .seconds(30))
      driver.answer(.success(.inactive))
    }
    #expect(driver.state.status(at: driver.now).callsAllInactive)
    #expect(driver.changes == [.firstInactive, .callsAllInactive])
    driver.ask(13, recheck: .seconds(30))
    driver.answer(.success(BackEndDriver.active()))
    #expect(!driver.state.status(at: driver.now).callsAllInactive)
  }

  // MARK: Waits

  @Test("a wait ends with key_wait, and the call's answer is for who comes next")
  func waitEnds() {
    var driver = BackEndDriver()
    driver.ask(1, for: .milliseconds(200))
    driver.pass(.milliseconds(200))
    #expect(driver.told.outcomes[1] == "timed out")
    driver.answer(.success(BackEndDriver.active()))
    #expect(driver.ask(1) == "yes")
    #expect(driver.callCount == 1)
  }

  @Test("more calls than there are permits wait, known tokens first; one that nobody waits for any more is not made")
  func permits() {
    var driver = BackEndDriver { $0.concurrency = 2 }
    driver.ask(5)
    driver.answer(.success(BackEndDriver.active()))
    driver.pass(.seconds(30))
    driver.ask(1)
    driver.ask(2)
    driver.ask(3, for: .milliseconds(100))
    driver.ask(4)
    driver.ask(5)
    #expect(driver.calls.map(\.token) == [1, 2])
    driver.pass(.milliseconds(100))
    driver.answer(.success(.inactive))
    #expect(driver.calls.map(\.token) == [2, 5])
    driver.answer(.success(.inactive))
    #expect(driver.calls.map(\.token) == [5, 4])
    driver.answer(.success(BackEndDriver.active()))
    driver.answer(.success(.inactive))
    #expect(driver.state.status(at: driver.now).running == 0 && driver.state.status(at: driver.now).queued == 0)
    #expect(driver.callCount == 5)
  }

  @Test("the end of the daemon ends every wait, and answers that come later count for nothing")
  func shutDown() {
    var driver = BackEndDriver()
    driver.ask(1)
    driver.shutDown()
    #expect(driver.told.outcomes[1] == "shutting down")
    driver.answer(.success(BackEndDriver.active()))
    #expect(driver.ask(1) == "shutting down")
  }

  @Test("an answer to old credentials counts for nothing, and what they were told is forgotten")
  func credentials() {
    var driver = BackEndDriver()
    driver.ask(1)
    driver.answer(.success(BackEndDriver.active()))
    driver.ask(2)
    driver.answer(.success(.inactive))
    driver.ask(3)
    driver.state.credentialsChanged()
    #expect(driver.state.lastWord(BackEndDriver.digest(1), at: driver.now) == nil)
    #expect(driver.state.lastWord(BackEndDriver.digest(2), at: driver.now) == nil)
    driver.answer(.success(BackEndDriver.active()))
    #expect(driver.told.outcomes[3] == "superseded")
    #expect(driver.ask(3) == "wait 4")
    #expect(driver.ask(1) == "wait 5")
  }

  // MARK: Failures

  @Test("a back-end that cannot be reached is left alone, for longer each time, and one call finds out")
  func backOff() {
    var driver = BackEndDriver()
    for token in 1...3 {
      driver.ask(token)
      driver.answer(.failure(.down))
    }
    #expect(driver.ask(4) == "pause")
    driver.pass(.milliseconds(1200))
    #expect(driver.ask(4) == "wait 5")
    #expect(driver.ask(5) == "pause")
    driver.answer(.failure(.down))
    driver.pass(.milliseconds(1500))
    #expect(driver.ask(5) == "pause")
    driver.pass(.milliseconds(900))
    #expect(driver.ask(5) == "wait 8")
    driver.answer(.success(.inactive))
    #expect(driver.ask(6) == "wait 9")
  }

  @Test("what made-up tokens have a back-end answer does not keep others from asking, and is not told to the log")
  func madeUpFailures() {
    var driver = BackEndDriver()
    driver.ask(1)
    driver.answer(.success(BackEndDriver.active()))
    for token in 2...20 {
      driver.ask(token)
      driver.answer(.failure(.broken))
    }
    driver.pass(.seconds(30))
    #expect(driver.ask(1) == "wait 21")
    driver.answer(.success(BackEndDriver.active()))
    #expect(driver.changes.isEmpty)
    #expect(driver.state.status(at: driver.now).failures == 19)
  }

  @Test("wrong credentials at the start are a fault of the back-end, whatever token shows it")
  func wrongSecret() {
    var driver = BackEndDriver()
    for token in 1...3 {
      driver.ask(token)
      driver.answer(.failure(BackEndFault(.credentialsRefused, found: "401")))
    }
    #expect(driver.ask(4) == "pause")
    driver.state.credentialsChanged()
    #expect(driver.ask(4) == "wait 5")
  }

  @Test("that the credentials are refused is told, whichever token meets it, and when they are accepted again")
  func refusedCredentials() {
    for recheck in [nil, Duration.seconds(30)] {
      var driver = BackEndDriver()
      driver.ask(1)
      driver.answer(.success(.inactive))
      for token in 2...3 {
        driver.ask(token, recheck: recheck)
        driver.answer(.failure(.refused))
      }
      #expect(driver.changes.prefix(2) == [.firstInactive, .failed(.refused, consecutive: 1)])
      #expect(driver.state.status(at: driver.now).fault == .refused)
      // Other credentials that are refused, too, are news.
      driver.state.credentialsChanged()
      driver.ask(4, recheck: recheck)
      driver.answer(.failure(.refused))
      #expect(driver.changes.suffix(2) == [.credentialsChanged, .failed(.refused, consecutive: 1)])
      driver.ask(5)
      driver.answer(.success(.inactive))
      // So is a token that they are told to be inactive.
      #expect(driver.changes.suffix(2) == [.recovered, .firstInactive])
      #expect(driver.state.status(at: driver.now).fault == nil)
    }
  }

  @Test("some servers answer 401 to a token that they do not know: a flood of such is told once a minute")
  func refusedTokens() {
    var driver = BackEndDriver()
    func flood(_ tokens: ClosedRange<Int>) {
      for token in tokens {
        driver.ask(token)
        driver.answer(.failure(.refused))
        driver.ask(token + 1000)
        driver.answer(.success(BackEndDriver.active()))
      }
    }
    driver.ask(1)
    driver.answer(.success(BackEndDriver.active()))
    flood(2...20)
    #expect(driver.changes == [.failed(.refused, consecutive: 1), .recovered])
    driver.pass(.seconds(60))
    flood(21...40)
    #expect(
      driver.changes == [
        .failed(.refused, consecutive: 1), .recovered, .failed(.refused, consecutive: 1), .recovered,
      ])
    // It is none of the back-end's failures: nobody is kept from asking.
    #expect(driver.ask(41).hasPrefix("wait"))
  }

  @Test("a back-end that is back from an outage and then refuses the credentials is told of anew")
  func refusedAfterOutage() {
    for recheck in [nil, Duration.seconds(30)] {
      var driver = BackEndDriver()
      driver.ask(1)
      driver.answer(.success(.inactive))
      for (token, fault) in [(2, BackEndFault.down), (3, .down), (4, .refused)] {
        driver.pass(.seconds(60))
        driver.ask(token, recheck: recheck)
        driver.answer(.failure(fault))
      }
      #expect(driver.news == ["unreachable 1", "unreachable 2", "credentials_refused 1"])
    }
  }

  @Test("Retry-After is obeyed, within ten minutes")
  func retryAfter() {
    var driver = BackEndDriver()
    driver.ask(1)
    driver.answer(.failure(BackEndFault(.limited, found: "429", retryAfter: .seconds(20))))
    driver.pass(.milliseconds(19_999))
    #expect(driver.ask(2) == "pause")
    driver.pass(.milliseconds(1))
    #expect(driver.ask(2) == "wait 3")
    driver.answer(.failure(BackEndFault(.limited, found: "429", retryAfter: .seconds(1_000_000))))
    driver.pass(.seconds(600))
    #expect(driver.ask(2) == "wait 4")
  }

  @Test("an opaque token's next answer must agree with the last one; one that does not is forgotten with it")
  func anotherToken() throws {
    var driver = BackEndDriver()
    driver.ask(1)
    driver.answer(.success(BackEndDriver.active(#"{"active":true,"sub":"a"}"#)))
    driver.pass(.seconds(30))
    driver.ask(1)
    let identity = try #require(driver.calls.first?.order.call.identity)
    guard case .active(let other) = BackEndDriver.active(#"{"active":true,"sub":"b"}"#) else { return }
    #expect(identity.difference(from: other) == "sub")
    driver.answer(.failure(BackEndFault(.anotherToken, found: "sub")))
    driver.ask(1)
    #expect(driver.calls.first?.order.call.identity == nil)
  }
}
