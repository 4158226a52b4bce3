import Synchronization

/// Whether systemd was told that the daemon is ready, and not yet that it stops.
///
/// Before that, reloads are not announced: their `READY=1` would signal the end of the start. After it, nothing is told
/// of the daemon any more, because `STOPPING=1` is the last word.
final class ReadyNotice: Sendable {
  private enum State { case starting, ready, stopping }

  private let state = Mutex(State.starting)

  /// Whether the daemon is ready, and systemd knows.
  var isTold: Bool { state.withLock { $0 == .ready } }

  /// Notes that systemd is told now.
  func tell() { state.withLock { $0 = .ready } }

  /// Notes that systemd is told next that the daemon stops.
  func end() { state.withLock { $0 = .stopping } }

  /// Posts something if the daemon is ready, and before ``end()`` returns.
  func whileReady(_ post: () -> Void) { state.withLock { if $0 == .ready { post() } } }
}
