import BearerSystemd
import Synchronization

/// systemd's status line, sent when it has changed.
final class StatusLine: Sendable {
  private let notifier: Notifier
  private let text: @Sendable () -> String
  private let told = Mutex("")

  /// A line that was not sent yet.
  ///
  /// - Parameters:
  ///   - notifier: Sends it.
  ///   - text: What it says now.
  init(notifier: Notifier, text: @escaping @Sendable () -> String) {
    self.notifier = notifier
    self.text = text
  }

  /// Sends the line if it has changed.
  func tell() {
    let line = text()
    let isNews = told.withLock { told in
      defer { told = line }
      return told != line
    }
    if isNews { notifier.post(.status(line)) }
  }
}
