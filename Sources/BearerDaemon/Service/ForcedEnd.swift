import BearerLogging
import Dispatch
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

// An orderly stop runs on tasks, and a task may hang for a reason that nobody foresaw. So two other ways to end the
// process run on a thread of their own: a second SIGTERM ends it at once, and a stop that takes too long does not wait
// for a SIGKILL.

/// Ends the process at the second SIGTERM or SIGINT, or when it has not ended some time after the first.
final class ForcedEnd: Service {
  /// The exit status of a stop that hung: the daemon ended for a reason that it should not have met.
  static let statusOfHungStop: CInt = 70

  private let queue = DispatchQueue(label: "bearerd.end")
  private let longest: DispatchTimeInterval
  private let log: Log
  private let signals = Mutex(0)
  private let sources = Mutex<[Source]>([])

  private struct Source: @unchecked Sendable {
    // Safe because a source is only kept, and cancelled once.
    let value: any DispatchSourceSignal
  }

  /// One that does not watch yet.
  ///
  /// - Parameters:
  ///   - longest: How long an orderly stop may take.
  ///   - log: Where a forced end is logged.
  init(after longest: DispatchTimeInterval, log: Log) {
    self.longest = longest
    self.log = log
  }

  deinit {
    for source in sources.withLock(\.self) { source.value.cancel() }
  }

  /// Begins to watch for the signals, which the service group has caught by then, until this object is gone.
  func run() async throws {
    await begin()
    // It throws only when this task is cancelled, which ends the watch as well.
    try? await gracefulShutdown()
  }

  /// Begins to watch for the signals, and returns once no more is missed; they must be ignored, or else they end the
  /// process.
  func begin() async {
    for number in [SIGTERM, SIGINT] {
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [weak self] in
        self?.received(number, times: Int(clamping: source.data))
      }
      sources.withLock { $0.append(Source(value: source)) }
      await withCheckedContinuation { continuation in
        source.setRegistrationHandler { continuation.resume() }
        source.resume()
      }
    }
  }

  /// Counts a signal.
  func received(_ number: CInt, times: Int) {
    let (before, now) = signals.withLock { count in
      defer { count += max(1, times) }
      return (count, count + max(1, times))
    }
    if now > 1 {
      log.logger.warning("told to end for the second time; requests that wait are not answered")
      log.drain()
      die(of: number)
    }
    guard before == 0 else { return }
    queue.asyncAfter(deadline: .now() + longest) { [weak self] in
      guard let self else { return }
      log.logger.critical("the stop hangs; the process ends without it")
      log.drain()
      _exit(Self.statusOfHungStop)
    }
  }

  /// Ends the process as the signal does where nobody catches it.
  private func die(of number: CInt) {
    signal(number, SIG_DFL)
    // Dispatch has every thread block the signals that it watches.
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, number)
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
    raise(number)
    // Not reached.
    _exit(128 + number)
  }
}
