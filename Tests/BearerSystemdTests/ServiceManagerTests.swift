import BearerSocketKit
import BearerSystemd
import Glibc
import Logging
import Synchronization
import Testing

/// What the service manager gets to see.
///
/// One test at a time: the environment belongs to the whole process.
@Suite("Towards the service manager", .serialized)
struct ServiceManagerTests {
  @Test("nothing is sent where nothing supervises")
  func notSupervised() {
    unsetenv("NOTIFY_SOCKET")
    #expect(Notifier().notify(.ready) == .notSupervised)
  }

  @Test("messages arrive together, in the words of sd_notify(3)")
  func messages() {
    let socket = NotifySocket()
    defer { socket.end() }
    let outcome = Notifier().notify(
      .ready, .status("2 issuers, keys fresh"), .watchdog, .errno(5), .exitStatus(78),
      .extendTimeout(.milliseconds(1500)),
      .stopping)
    #expect(outcome == .sent)
    #expect(
      socket.received() == [
        "READY=1", "STATUS=2 issuers, keys fresh", "WATCHDOG=1", "ERRNO=5", "EXIT_STATUS=78",
        "EXTEND_TIMEOUT_USEC=1500000", "STOPPING=1",
      ])
  }

  @Test("a reload carries the monotonic clock's time")
  func reloading() throws {
    let socket = NotifySocket()
    defer { socket.end() }
    func now() -> Int64 {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
    let before = now()
    #expect(Notifier().notify(.reloading) == .sent)
    let lines = try #require(socket.received())
    #expect(lines.first == "RELOADING=1")
    let stamp = try #require(lines.last?.split(separator: "=").last.flatMap { Int64($0) })
    #expect(lines.count == 2 && lines.last == "MONOTONIC_USEC=\(stamp)")
    #expect((before...now()).contains(stamp))
  }

  @Test("a status with a line break is refused, whole")
  func injectedAssignment() {
    let socket = NotifySocket()
    defer { socket.end() }
    #expect(Notifier().notify(.ready, .status("fine\nSTOPPING=1")) == .invalidStatus)
    #expect(socket.received() == nil)
  }

  @Test("a status that is too long is cut, between characters, and what goes with it arrives")
  func longStatus() throws {
    let socket = NotifySocket()
    defer { socket.end() }
    #expect(Notifier().notify(.status("x" + String(repeating: "é", count: 5000)), .exitStatus(78)) == .sent)
    let lines = try #require(socket.received())
    #expect(lines.first == "STATUS=x" + String(repeating: "é", count: 1022) + "…")
    #expect(lines.dropFirst() == ["EXIT_STATUS=78"])
  }

  @Test("what is posted arrives in its order, and a service manager that does not read keeps nobody waiting")
  func posted() async {
    let socket = NotifySocket()
    defer { socket.end() }
    // More than the kernel keeps for a reader that does not come (net.unix.max_dgram_qlen).
    for number in 0..<1000 { Notifier().post(.status("\(number)")) }
    Notifier().post(.ready, .status("a\nb"))
    for number in 0..<1000 { await #expect(socket.next() == ["STATUS=\(number)"]) }
    #expect(socket.received() == nil)
  }

  @Test("a socket that is gone is told by its error number")
  func goneSocket() {
    let socket = NotifySocket()
    socket.remove()
    defer { unsetenv("NOTIFY_SOCKET") }
    #expect(Notifier().notify(.ready) == .failed(errno: ENOENT))
  }

  @Test("the watchdog's interval is read, for this process only")
  func watchdogInterval() {
    defer {
      unsetenv("WATCHDOG_USEC")
      unsetenv("WATCHDOG_PID")
    }
    #expect(WatchdogRequest.interval() == nil)
    setenv("WATCHDOG_USEC", "30000000", 1)
    #expect(WatchdogRequest.interval() == .seconds(30))
    setenv("WATCHDOG_PID", "\(getpid())", 1)
    #expect(WatchdogRequest.interval() == .seconds(30))
    setenv("WATCHDOG_PID", "1", 1)
    #expect(WatchdogRequest.interval() == nil)
  }

  @Test("the watchdog pings at once and at each third of the interval, but not after a failed or late probe")
  func pings() async {
    let socket = NotifySocket()
    defer { socket.end() }
    let clock = ManualClock()
    let probes = Mutex(0)
    let watchdog = Watchdog(
      interval: .seconds(30), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      clock: clock
    ) {
      let number = probes.withLock { count in
        count += 1
        return count
      }
      if number == 3 { clock.pass(.seconds(11)) }
      return number != 2
    } ping: {
      Notifier().notify(.watchdog)
    }
    let task = Task { await watchdog.run() }
    #expect(socket.received() == nil)
    watchdog.begin()
    #expect(await socket.next() == ["WATCHDOG=1"])

    // The second probe fails.
    await clock.sleeping(until: .seconds(10))
    clock.pass(.seconds(10))
    await clock.sleeping(until: .seconds(20))
    #expect(socket.received() == nil)

    // The third takes more than a third of the interval; the fourth comes at once and is good.
    clock.pass(.seconds(10))
    #expect(await socket.next() == ["WATCHDOG=1"])
    await clock.sleeping(until: .seconds(41))
    #expect(socket.received() == nil)
    #expect(probes.withLock { $0 } == 4)
    task.cancel()
    await task.value
  }

  @Test("a crash ends the process without a report, whoever catches its signals before")
  func noBacktraces() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] { signal(number) { _ in _exit(1) } }
      ProcessHardening.forbidBacktraces()
      kill(getpid(), SIGSEGV)
      while true { sleep(60) }
    }
  }

  @Test("a process without core dumps has no limit for one but zero, and shows its memory to no debugger")
  func noCoreDumps() async {
    await #expect(processExitsWith: .success) {
      #expect(ProcessHardening.isDumpable)
      #expect(ProcessHardening.forbidCoreDumps())
      var limit = rlimit()
      #expect(getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0)
      #expect(limit.rlim_cur == 0 && limit.rlim_max == 0)
      #expect(!ProcessHardening.isDumpable)
    }
  }

  @Test("without socket activation there are no descriptors, nor with another process's")
  func noDescriptors() throws {
    defer {
      unsetenv("LISTEN_FDS")
      unsetenv("LISTEN_PID")
    }
    #expect(try ListenDescriptors.take() == [])
    setenv("LISTEN_FDS", "1", 1)
    setenv("LISTEN_PID", "1", 1)
    #expect(try ListenDescriptors.take() == [])
  }

  @Test("a count that is no number is a fault")
  func unreadableCount() {
    setenv("LISTEN_FDS", "many", 1)
    setenv("LISTEN_PID", "\(getpid())", 1)
    #expect(throws: ListenDescriptorsFault.unreadable(errno: EINVAL)) { try ListenDescriptors.take() }
    unsetenv("LISTEN_FDS")
    unsetenv("LISTEN_PID")
  }

  @Test("only a listening Unix stream socket is fit")
  func fitDescriptors() throws {
    let stream = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    let datagram = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
    let internet = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    defer { for descriptor in [stream, datagram, internet] { close(descriptor) } }
    for number in [stream, datagram, internet] {
      #expect(throws: ListenDescriptorsFault.unfit(number: number, name: "x")) {
        try ListenDescriptors.check(ListenDescriptor(number: number, name: "x"))
      }
    }
    // An address with nothing but the family gets an abstract name from the kernel (unix(7), autobind).
    var address = sockaddr(sa_family: sa_family_t(AF_UNIX), sa_data: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    #expect(bind(stream, &address, socklen_t(MemoryLayout<sa_family_t>.size)) == 0)
    #expect(listen(stream, 1) == 0)
    try ListenDescriptors.check(ListenDescriptor(number: stream, name: "x"))
  }
}
