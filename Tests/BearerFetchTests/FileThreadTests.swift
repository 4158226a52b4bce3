import BearerFetch
import Dispatch
import Testing

@Suite(.timeLimit(.minutes(10))) struct FileThreadTests {
  @Test("what was read is returned")
  func value() async {
    #expect(await FileThread.run { 7 } == 7)
  }

  @Test("a read that hangs holds up only who waits for it, and no longer than the task is wanted")
  func hangs() async {
    let (reached, nowReached) = AsyncStream.makeStream(of: Void.self)
    let disk = DispatchSemaphore(value: 0)
    // More of them than there are threads that tasks share.
    let tasks = (0..<200).map { _ in
      Task {
        await FileThread.run {
          nowReached.yield()
          disk.wait()
          return 7
        }
      }
    }
    var count = 0
    for await _ in reached {
      count += 1
      if count == tasks.count { break }
    }
    for task in tasks.dropFirst() { task.cancel() }
    for task in tasks.dropFirst() { #expect(await task.value == nil) }
    for _ in tasks { disk.signal() }
    #expect(await tasks[0].value == 7)
  }
}
