internal import CLibsystemd
internal import Dispatch
internal import Glibc

/// Tells the service manager what the daemon does (sd_notify(3)).
///
/// Where nothing supervises the process (`NOTIFY_SOCKET` is not set) nothing is sent, and that is no fault.
package struct Notifier: Sendable {
  /// Something to tell.
  package enum Message: Equatable, Sendable {
    /// Start-up, or a reload, is complete.
    case ready
    /// The configuration is being reloaded; sent with the time of the monotonic clock, as `Type=notify-reload` asks.
    case reloading
    /// The daemon is about to stop.
    case stopping
    /// A line for people, shown by `systemctl status`.
    case status(String)
    /// The daemon is alive.
    case watchdog
    /// The start or stop takes longer; at most this long from now on.
    case extendTimeout(Duration)
    /// The error number of a failure.
    case errno(CInt)
    /// The exit status with which the daemon will end.
    case exitStatus(CInt)
  }

  /// What became of a message.
  package enum Outcome: Equatable, Sendable {
    /// It was handed to the service manager.
    case sent
    /// No service manager waits for messages.
    case notSupervised
    /// A status text held a line break, which would begin an assignment of its own; nothing was sent.
    case invalidStatus
    /// It could not be sent; the error number.
    case failed(errno: CInt)
  }

  /// The longest status that is sent whole, in bytes: PID 1 ignores a datagram of more than 4,096 bytes entirely.
  package static let longestStatus = 2048

  /// A queue of its own, so that a service manager that does not read holds up nothing else.
  private static let queue = DispatchQueue(label: "bearerd.notify")

  /// A notifier; it reads the environment when it sends.
  package init() {}

  /// Sends messages together, in one datagram, and waits until the service manager has room for them.
  ///
  /// - Parameter messages: The messages; a status is cut to ``longestStatus``.
  /// - Returns: What became of them.
  @discardableResult
  package func notify(_ messages: Message...) -> Outcome {
    guard let lines = Self.lines(messages) else { return .invalidStatus }
    return Self.send(lines)
  }

  /// Sends messages together, in one datagram, after those posted before; does not wait for it.
  ///
  /// - Parameter messages: The messages; with a status that holds a line break nothing is sent.
  package func post(_ messages: Message...) {
    guard let lines = Self.lines(messages) else { return }
    Self.queue.async { _ = Self.send(lines) }
  }

  private static func lines(_ messages: [Message]) -> [String]? {
    var lines: [String] = []
    for message in messages {
      if case .status(let text) = message, text.utf8.contains(where: { $0 == 0x0A || $0 == 0 }) {
        return nil
      }
      lines.append(contentsOf: assignments(message))
    }
    return lines
  }

  private static func send(_ lines: [String]) -> Outcome {
    // Safe because libsystemd only reads the string, during the call.
    let result = unsafe sd_notify(0, lines.joined(separator: "\n"))
    if result < 0 { return .failed(errno: -result) }
    return result == 0 ? .notSupervised : .sent
  }

  private static func assignments(_ message: Message) -> [String] {
    switch message {
    case .ready: ["READY=1"]
    case .reloading: ["RELOADING=1", "MONOTONIC_USEC=\(monotonicMicroseconds())"]
    case .stopping: ["STOPPING=1"]
    case .status(let text): ["STATUS=\(text.cut(toBytes: longestStatus))"]
    case .watchdog: ["WATCHDOG=1"]
    case .extendTimeout(let time): ["EXTEND_TIMEOUT_USEC=\(microseconds(time))"]
    case .errno(let number): ["ERRNO=\(number)"]
    case .exitStatus(let status): ["EXIT_STATUS=\(status)"]
    }
  }

  private static func microseconds(_ time: Duration) -> Int64 {
    let (seconds, attoseconds) = time.components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow ? .max : max(0, product.addingReportingOverflow(attoseconds / 1_000_000_000_000).partialValue)
  }

  private static func monotonicMicroseconds() -> Int64 {
    var time = timespec()
    // Safe because clock_gettime only fills the structure.
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
