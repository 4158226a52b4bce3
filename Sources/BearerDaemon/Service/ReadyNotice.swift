import Synchronization

/// Whether systemd was told that the daemon is ready.
///
/// Until then a reload is not told of: its own `READY=1` would be taken for that of the start.
final class ReadyNotice: Sendable {
  private let told = Atomic<Bool>(false)

  /// Whether it was told.
  var isTold: Bool { told.load(ordering: .acquiring) }

  /// Notes that it is told now.
  func tell() { told.store(true, ordering: .releasing) }
}
