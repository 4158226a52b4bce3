import Synchronization

/// Whether systemd was told that the daemon is ready.
///
/// Until then reloads are not announced: their `READY=1` would signal the end of the start.
final class ReadyNotice: Sendable {
  private let told = Atomic<Bool>(false)

  /// Whether systemd was told.
  var isTold: Bool { told.load(ordering: .acquiring) }

  /// Notes that systemd is told now.
  func tell() { told.store(true, ordering: .releasing) }
}
