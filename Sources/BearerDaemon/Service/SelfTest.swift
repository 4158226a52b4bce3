import BearerLogging
import Dispatch
import Glibc
import Logging
import Synchronization

/// Ends the process if nothing has reported for a while that it works: a watchdog for daemons without a service
/// manager.
///
/// A container's probe then need not start a program every few seconds to find out. It counts beats of a timer rather
/// than reading a clock: a process that was stopped, a machine that slept or is too busy loses beats, not the time to
/// answer.
final class SelfTest: Sendable {
  /// How long it waits: as long as the units have systemd wait.
  static let interval = Duration.seconds(30)
  /// The exit status: the daemon met what it should not have met.
  static let status: CInt = 70

  private let queue = DispatchQueue(label: "bearerd.self-test")
  private let beats = Mutex<Int?>(nil)
  private let timer = Mutex<Timer?>(nil)
  private let end: @Sendable () -> Void

  private struct Timer: @unchecked Sendable {
    // Safe because a timer is only kept, and cancelled once.
    let value: any DispatchSourceTimer
  }

  /// A watch that begins with the first ``isAlive()``.
  ///
  /// - Parameter end: Ends the process; called on a thread that nothing else uses.
  init(end: @escaping @Sendable () -> Void) {
    self.end = end
  }

  /// A watch that ends this process.
  ///
  /// - Parameter log: Where the end is logged.
  convenience init(log: Log) {
    self.init {
      log.logger.critical("the daemon does not work any more; the process ends, to be started anew")
      log.drain()
      _exit(Self.status)
    }
  }

  deinit { timer.withLock(\.self)?.value.cancel() }

  /// Reports that the daemon works.
  func isAlive() {
    let isFirst = beats.withLock { beats in
      defer { beats = 0 }
      return beats == nil
    }
    guard isFirst else { return }
    let source = DispatchSource.makeTimerSource(queue: queue)
    source.setEventHandler { [weak self] in self?.beat() }
    source.schedule(deadline: .now() + 1, repeating: 1)
    timer.withLock { $0 = Timer(value: source) }
    source.resume()
  }

  /// Watches no more: the daemon stops.
  func stop() {
    timer.withLock { timer in
      timer?.value.cancel()
      timer = nil
    }
  }

  /// Counts a second.
  func beat() {
    let isOver = beats.withLock { beats in
      guard let count = beats else { return false }
      beats = count + 1
      return count + 1 == Int(Self.interval.components.seconds)
    }
    if isOver { end() }
  }
}
