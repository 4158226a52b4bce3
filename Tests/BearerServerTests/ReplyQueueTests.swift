import Testing

@testable import BearerServer

@Suite("The reply queue")
struct ReplyQueueTests {
  // A script's steps: `f1` `o1` `a1` a reply that is known at once, in capitals one that is deferred, `!1` its delivery.
  // What comes out after each step is separated by a bar.
  @Test(
    "lets each reply go when its order allows",
    arguments: [
      ("f1 o2 a3", "1|2|3"),
      ("F1 o2 f3 !1", "|2|3|1"),
      ("O1 o2 f3 !1", "||3|12"),
      ("O1 O2 o3 !2 !1", "||||123"),
      ("F1 a2 f3 o4 !1", "||3||124"),
      ("F1 O2 a3 f4 !2 !1", "|||4|2|13"),
      ("F1 F2 a3 !2 !1", "|||2|13"),
      ("O1 a2 a3 o4 F5 !1 !5", "|||||1234|5"),
      ("A1 f2 o3 !1", "|2||13"),
      ("F1 A2 o3 !2 !1", "||||123"),
    ])
  func order(script: String, expected: String) {
    var queue = ReplyQueue()
    var tickets: [Character: ReplyQueue.Ticket] = [:]
    var steps: [String] = []
    for step in script.split(separator: " ") {
      var out: [UInt8] = []
      let name = step.last ?? "?"
      let reply = Array(String(name).utf8)
      let order: ReplyOrder =
        switch step.first?.lowercased() {
        case "f": .free
        case "o": .inOrder
        default: .afterAll
        }
      if step.hasPrefix("!"), let ticket = tickets[name] {
        #expect(queue.deliver(reply, for: ticket, into: &out))
      } else if step.first?.isUppercase == true {
        tickets[name] = queue.reserve(order)
      } else if queue.mayPass(order) {
        out += reply
      } else {
        queue.hold(reply, order)
      }
      steps.append(String(decoding: out, as: UTF8.self))
    }
    #expect(steps.joined(separator: "|") == expected)
    #expect(queue.isEmpty)
    #expect(queue.heldBytes == 0)
    #expect(queue.deferredCount == 0)
  }

  @Test("counts what is deferred and what is held, and ignores a second delivery")
  func counts() {
    var queue = ReplyQueue()
    let first = queue.reserve(.inOrder)
    let second = queue.reserve(.inOrder)
    queue.hold([1, 2, 3], .inOrder)
    #expect(queue.deferredCount == 2)
    #expect(queue.heldBytes == 3)
    var out: [UInt8] = []
    #expect(queue.deliver([9, 9], for: second, into: &out))
    #expect(!queue.deliver([8], for: second, into: &out))
    #expect(queue.deferredCount == 1)
    #expect(queue.heldBytes == 5)
    #expect(out.isEmpty)
    #expect(queue.deliver([7], for: first, into: &out))
    #expect(!queue.deliver([7], for: first, into: &out))
    #expect(out == [7, 9, 9, 1, 2, 3])
  }
}
