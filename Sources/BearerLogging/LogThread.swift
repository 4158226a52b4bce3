import BearerThreads
import Dispatch
import Glibc
import Synchronization

// A pipe that is not read, a stopped terminal and a journal under load can block a write for any time. So only this
// thread writes messages, and logging never waits: neither an event loop, on which other connections depend, nor the
// threads that tasks share, on which waits for keys, reloads and the daemon's end run.

/// Writes the log on a thread of its own.
final class LogThread: Sendable {
  private let work: Work
  private let now: @Sendable () -> timespec

  /// Starts the thread; if there is none, the process ends.
  ///
  /// - Parameters:
  ///   - write: Writes a message, however long that takes; called on the thread.
  ///   - now: The time of a message that has one.
  ///   - notice: A message that says how many were dropped.
  init(
    write: @escaping @Sendable ([UInt8]) -> Void, now: @escaping @Sendable () -> timespec = LineLogHandler.wallClock,
    notice: @escaping @Sendable (_ dropped: Int) -> [UInt8]
  ) {
    self.now = now
    work = Work(write: write, notice: notice)
    work.start()
  }

  deinit { work.end() }

  /// Takes a message; it is dropped and counted if too many wait.
  ///
  /// - Parameters:
  ///   - message: The message.
  ///   - timeOffset: Where its time begins, if it has one. The time is set when the message is taken, so that lines of
  ///     several threads are in the order of their times.
  func append(_ message: [UInt8], timeAt timeOffset: Int? = nil) {
    work.change { [now] queue in
      guard let timeOffset else { return queue.append(message) }
      var message = message
      LineLogHandler.stamp(now(), &message, at: timeOffset)
      return queue.append(message)
    }
  }

  /// Waits until everything is written, at most this long.
  func drain(within longest: Duration) { work.drain(within: longest) }

  /// Whether the thread has looked for messages since this was last asked, or is writing.
  var isAlive: Bool {
    var isAlive = false
    work.change { queue in
      let check = queue.check()
      isAlive = check.isAlive
      return check.mustBeWoken
    }
    return isAlive
  }

  /// What the thread does; a type of its own, so that the thread does not keep its owner, whose end ends it.
  private final class Work: Sendable {
    private struct State {
      var queue = LogQueue()
      var drains: [DispatchSemaphore] = []
      var isOver = false
    }

    private let state = Mutex(State())
    private let wakeUp = DispatchSemaphore(value: 0)
    private let write: @Sendable ([UInt8]) -> Void
    private let notice: @Sendable (Int) -> [UInt8]

    init(write: @escaping @Sendable ([UInt8]) -> Void, notice: @escaping @Sendable (Int) -> [UInt8]) {
      self.write = write
      self.notice = notice
    }

    func start() {
      let status = DetachedThread.run("bearerd-log") { self.run() }
      precondition(status == 0, "there is no thread for the log")
    }

    /// Changes the queue, and wakes the thread if the change says so.
    func change(_ change: (inout LogQueue) -> Bool) {
      if state.withLock({ change(&$0.queue) }) { wakeUp.signal() }
    }

    func end() {
      state.withLock { $0.isOver = true }
      wakeUp.signal()
    }

    func drain(within longest: Duration) {
      let written = DispatchSemaphore(value: 0)
      let isDrained = state.withLock { state in
        if !state.queue.isResting { state.drains.append(written) }
        return state.queue.isResting
      }
      let (seconds, attoseconds) = longest.components
      let time = DispatchTimeInterval.nanoseconds(Int(clamping: seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
      if !isDrained { _ = written.wait(timeout: .now() + time) }
    }

    /// What is to be written, and the notice of dropped messages after it, made now so that its time is before that of
    /// all later messages.
    private func nextBatch(_ state: inout State) -> (batch: LogQueue.Batch, notice: [UInt8]?)? {
      state.queue.next().map { ($0, $0.dropped > 0 ? notice($0.dropped) : nil) }
    }

    private func run() {
      while true {
        wakeUp.wait()
        while let (batch, notice) = state.withLock({ nextBatch(&$0) }) {
          for message in batch.messages {
            write(message)
            state.withLock { $0.queue.written(message) }
          }
          if let notice { write(notice) }
        }
        let (drains, isOver) = state.withLock { state in
          let drains = state.queue.isResting ? state.drains : []
          if state.queue.isResting { state.drains = [] }
          return (drains, state.isOver)
        }
        for drained in drains { drained.signal() }
        if isOver { return }
      }
    }
  }
}
