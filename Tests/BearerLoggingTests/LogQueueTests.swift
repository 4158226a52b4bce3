import Testing

@testable import BearerLogging

@Suite struct LogQueueTests {
  private let message = [UInt8](repeating: 0x61, count: 1000)
  /// How many of these find room.
  private let room = LogQueue.longest / (1000 + LogQueue.overhead)

  @Test("messages are written in their order; the thread is woken by the first")
  func order() {
    var queue = LogQueue()
    #expect(queue.append([1]) == true)
    #expect(queue.append([2]) == false)
    #expect(queue.next() == .init(messages: [[1], [2]], dropped: 0))
    #expect(queue.append([3]) == false)
    #expect(queue.next() == .init(messages: [[3]], dropped: 0))
    #expect(!queue.isResting)
    #expect(queue.next() == nil)
    #expect(queue.isResting)
    #expect(queue.append([4]) == true)
  }

  @Test("what finds no room is dropped, also while messages are taken and not yet written, and counted once")
  func bound() {
    var queue = LogQueue()
    for _ in 0..<room + 3 { _ = queue.append(message) }
    let batch = queue.next()
    #expect(batch?.messages.count == room)
    #expect(batch?.dropped == 3)
    _ = queue.append(message)
    #expect(queue.next() == .init(messages: [], dropped: 1))
    queue.written(message)
    _ = queue.append(message)
    #expect(queue.next() == .init(messages: [message], dropped: 0))
  }

  @Test("a message that is too long for an empty queue is dropped and told")
  func tooLong() {
    var queue = LogQueue()
    #expect(queue.append([UInt8](repeating: 0, count: LogQueue.longest)) == true)
    #expect(queue.next() == .init(messages: [], dropped: 1))
  }

  @Test("a thread that rests, or has come round since the last check, is alive; one that has not is dead")
  func rounds() {
    var queue = LogQueue()
    #expect(queue.check() == (true, true))
    #expect(queue.next() == nil)
    #expect(queue.check() == (true, true))
    #expect(queue.check() == (false, false))
    #expect(queue.next() == nil)
    #expect(queue.check() == (true, true))
  }

  @Test("a thread that writes is alive, however long that takes")
  func slowReader() {
    var queue = LogQueue()
    _ = queue.append(message)
    _ = queue.next()
    for _ in 0..<3 { #expect(queue.check() == (true, false)) }
  }
}
