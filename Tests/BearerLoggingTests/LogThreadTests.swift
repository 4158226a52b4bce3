import Dispatch
import Glibc
import Logging
import Synchronization
import Testing

@testable import BearerLogging

/// The thread that writes the log, against pipes of this process.
@Suite(.timeLimit(.minutes(10))) struct LogThreadTests {
  /// A pipe, which holds 64 KiB unless the user has many.
  private struct Pipe {
    let (reading, writing): (CInt, CInt)

    /// How many lines of a thousand bytes it holds: four in each page.
    var capacity: Int {
      // F_GETPIPE_SZ of fcntl(2), which Swift does not see.
      Int(fcntl(writing, 1032)) / 4096 * 4
    }

    init() throws {
      var ends: [CInt] = [-1, -1]
      try #require(pipe(&ends) == 0)
      (reading, writing) = (ends[0], ends[1])
    }

    /// The next bytes.
    func read() -> String {
      var bytes = [UInt8](repeating: 0, count: 65536)
      let count = Glibc.read(reading, &bytes, bytes.count)
      return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
  }

  @Test("a pipe that nobody reads holds up nobody who logs; once it is read, what was dropped is told")
  func fullPipe() throws {
    let pipe = try Pipe()
    let isWriting = DispatchSemaphore(value: 0)
    let thread = LogThread(
      write: { line in
        if line.count == 1000 { isWriting.signal() }
        StandardError.write(line, to: pipe.writing)
      }
    ) { Array("dropped \($0)\n".utf8) }
    let line = Array(String(repeating: "x", count: 999).utf8) + [0x0A]
    // Five times what the queue and the pipe hold.
    let count = 5 * (LogQueue.longest / line.count)
    for _ in 0..<count { thread.append(line) }
    // Nobody reads: the thread waits in the first write that has no room, and is not to blame.
    for _ in 0...pipe.capacity { isWriting.wait() }
    for _ in 0..<3 { #expect(thread.isAlive) }
    thread.drain(within: .milliseconds(1))

    // There are two notices if the thread came to its first message only when the queue was full.
    var (written, dropped) = (0, 0)
    var text = ""
    while written + dropped < count {
      text += pipe.read()
      while let end = text.firstIndex(of: "\n") {
        let line = text[..<end]
        if let number = line.wholeMatch(of: #/dropped (\d+)/#) { dropped += Int(number.1) ?? 0 } else { written += 1 }
        text = String(text[text.index(after: end)...])
      }
    }
    #expect(written + dropped == count && written < count / 2)
    thread.append(Array("again\n".utf8))
    thread.drain(within: .seconds(30))
    #expect(pipe.read() == "again\n")
    #expect(thread.isAlive)
  }

  @Test("of threads that log at once, the later line has the later time")
  func order() {
    let lines = Mutex<[String]>([])
    let seconds = Atomic<Int>(0)
    let thread = LogThread(
      write: { line in lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } },
      now: { timespec(tv_sec: seconds.add(1, ordering: .relaxed).newValue, tv_nsec: 0) }
    ) { _ in [] }
    let count = 1000
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<count / 4 { thread.append(Array("{\"time\":\"2026-11-23T14:00:37.012345Z\"}".utf8), timeAt: 9) }
    }
    thread.drain(within: .seconds(30))
    let written = lines.withLock(\.self)
    #expect(written.count == count)
    #expect(written == written.sorted())
    #expect(written.first == "{\"time\":\"1970-01-01T00:00:01.000000Z\"}")
  }

  @Test("draining waits until everything is written")
  func drain() {
    let lines = Mutex<[[UInt8]]>([])
    let gate = DispatchSemaphore(value: 0)
    let thread = LogThread(
      write: { line in
        gate.wait()
        lines.withLock { $0.append(line) }
      }
    ) { _ in [] }
    for number in UInt8(0)..<100 { thread.append([number]) }
    for _ in 0..<100 { gate.signal() }
    thread.drain(within: .seconds(30))
    #expect(lines.withLock(\.self) == (UInt8(0)..<100).map { [$0] })
  }

  @Test("draining waits no longer than it may, and not at all when nothing is left")
  func drainInTime() {
    let gate = DispatchSemaphore(value: 0)
    let thread = LogThread(write: { _ in gate.wait() }) { _ in [] }
    thread.drain(within: .seconds(3600))
    thread.append([1])
    thread.drain(within: .milliseconds(10))
    gate.signal()
    thread.drain(within: .seconds(3600))
  }

  @Test("a descriptor that does not block is waited for")
  func nonBlocking() async throws {
    let pipe = try Pipe()
    #expect(fcntl(pipe.writing, F_SETFL, O_NONBLOCK) == 0)
    let text = String(repeating: "0123456789abcde\n", count: 16384)
    let thread = LogThread(write: { StandardError.write($0, to: pipe.writing) }) { _ in [] }
    thread.append(Array(text.utf8))
    var read = ""
    while read.utf8.count < text.utf8.count { read += pipe.read() }
    #expect(read == text)
  }

  @Test("a closed pipe ends no process, and the log goes on")
  func closedPipe() throws {
    let pipe = try Pipe()
    signal(SIGPIPE, SIG_IGN)
    close(pipe.reading)
    let thread = LogThread(write: { StandardError.write($0, to: pipe.writing) }) { _ in [] }
    thread.append([0x0A])
    thread.drain(within: .seconds(30))
    #expect(thread.isAlive)
  }

  @Test("what the journal does not take is its line on standard error, in the same order")
  func journal() async {
    await #expect(processExitsWith: .success) {
      var ends: [CInt] = [-1, -1]
      guard pipe(&ends) == 0, dup2(ends[1], STDERR_FILENO) == STDERR_FILENO else { exit(1) }
      let entries = Mutex<[String]>([])
      let log = Log(.journal, level: .info, environment: [:]) { entry in
        entries.withLock {
          $0.append(String(decoding: entry, as: UTF8.self))
          return $0.count == 1
        }
      }
      log.logger.notice("a")
      log.logger.debug("b")
      log.logger.error("c", metadata: ["bearerd.d": "e"])
      log.drain(within: .seconds(30))
      #expect(entries.withLock(\.self).map { $0.split(separator: "\n").first } == ["MESSAGE=a", "MESSAGE=c: d=e"])
      var bytes = [UInt8](repeating: 0, count: 100)
      let count = read(ends[0], &bytes, bytes.count)
      #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "<3>c: d=e\n")
    }
  }
}
