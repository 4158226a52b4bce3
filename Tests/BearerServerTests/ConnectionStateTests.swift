import Testing

@testable import BearerServer

/// The life of a connection as a table: what happens, and where it stands after each event.
@Suite("The state of a connection")
struct ConnectionStateTests {
  enum Event {
    case read(Int), end, drain(unread: Int), lastAnswer
    /// A turn is over; `waiting`: a reply is not known or not sent, `lines`: lines are not answered yet.
    case turn, turnWaiting, turnWithLines
  }

  private typealias Phase = ConnectionState.Phase
  private typealias Step = ConnectionState.Step

  private func play(_ events: [(Event, ConnectionState.Phase, ConnectionState.Step)], _ name: Comment) {
    var state = ConnectionState()
    for (index, (event, phase, expected)) in events.enumerated() {
      var step = Step.nothing
      switch event {
      case .read(let count): state.received(count)
      case .end: state.inputEnded()
      case .drain(let unread): state.drain(unread: unread)
      case .lastAnswer: state.gaveLastAnswer()
      case .turn: step = state.settle(isAllSaid: true, hasMore: false)
      case .turnWaiting: step = state.settle(isAllSaid: false, hasMore: false)
      case .turnWithLines: step = state.settle(isAllSaid: true, hasMore: true)
      }
      #expect(state.phase == phase && step == expected, "\(name), event \(index)")
    }
  }

  @Test("an open connection stays open, whatever is said")
  func open() {
    play(
      [
        (.turn, .open, .nothing), (.read(10), .open, .nothing), (.turnWaiting, .open, .nothing),
        (.turn, .open, .nothing),
      ],
      "open")
  }

  @Test("a client that ended its direction is answered in full, then the connection is closed")
  func halfClose() {
    play(
      [
        (.end, .ending, .nothing), (.turnWithLines, .ending, .nothing), (.turnWaiting, .ending, .nothing),
        (.turn, .closed, .close),
      ], "half-close")
  }

  @Test("after a last answer the sending direction ends, and only the client's end is waited for")
  func refused() {
    play(
      [
        (.lastAnswer, .refused, .nothing), (.turnWaiting, .refused, .nothing), (.turn, .lingering, .endSending),
        (.read(100), .lingering, .nothing), (.turn, .lingering, .nothing), (.end, .closed, .nothing),
        (.turn, .closed, .close),
      ], "refused")
    play(
      [
        (.lastAnswer, .refused, .nothing), (.end, .refused, .nothing), (.turnWaiting, .refused, .nothing),
        (.turn, .closed, .close),
      ], "refused, and the client had ended")
    play(
      [(.end, .ending, .nothing), (.lastAnswer, .refused, .nothing), (.turn, .closed, .close)],
      "ended, then refused")
    play(
      [(.lastAnswer, .refused, .nothing), (.turn, .lingering, .endSending), (.lastAnswer, .lingering, .nothing)],
      "there is one last answer")
  }

  @Test("a stop lets what has arrived be read and answered, and no more")
  func drain() {
    play([(.drain(unread: 0), .ending, .nothing), (.turn, .closed, .close)], "nothing had arrived")
    play(
      [
        (.drain(unread: 30), .open, .nothing), (.read(10), .open, .nothing), (.turn, .open, .nothing),
        (.read(20), .ending, .nothing), (.turnWithLines, .ending, .nothing), (.turn, .closed, .close),
      ], "it comes in two reads")
    play([(.drain(unread: 30), .open, .nothing), (.read(40), .ending, .nothing)], "more came than had arrived")
    play(
      [(.drain(unread: 30), .open, .nothing), (.drain(unread: 99), .open, .nothing), (.read(30), .ending, .nothing)],
      "only the first stop counts")
    play(
      [(.lastAnswer, .refused, .nothing), (.drain(unread: 0), .refused, .nothing), (.turn, .lingering, .endSending)],
      "a refused client may still read its answer")
  }

  @Test("what is read and looked at in each phase")
  func reading() {
    var state = ConnectionState()
    #expect(state.reads && state.takesLines)
    state.inputEnded()
    #expect(!state.reads && state.takesLines)
    state.gaveLastAnswer()
    #expect(!state.reads && !state.takesLines)
    state = ConnectionState()
    state.gaveLastAnswer()
    #expect(state.reads && !state.takesLines)
    state.close()
    #expect(!state.reads && !state.takesLines)
  }
}
