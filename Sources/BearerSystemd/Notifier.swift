internal import CLibsystemd
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
    /// The error number to which a failure is due.
    case errno(CInt)
    /// The exit status that will follow.
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

  /// The longest status that is sent whole, in bytes: PID 1 ignores a datagram of more than 4,096 bytes, with all that is
  /// in it.
  package static let longestStatus = 2048

  /// A notifier; it reads the environment when it sends.
  package init() {}

  /// Sends messages together, in one datagram; a status is cut to ``longestStatus``.
  @discardableResult
  package func notify(_ messages: Message...) -> Outcome {
    var lines: [String] = []
    for message in messages {
      if case .status(let text) = message, text.utf8.contains(where: { $0 == 0x0A || $0 == 0 }) {
        return .invalidStatus
      }
      lines.append(contentsOf: Self.assignments(message))
    }
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
