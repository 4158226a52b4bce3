import Logging
import Synchronization

/// Notices when the path of a socket stops leading to the daemon, as when its file is removed or another daemon takes its
/// place: then clients reach nobody, or somebody else, while everything else looks well.
final class SocketWatch: Sendable {
  private let isInPlaceNow: @Sendable () -> Bool
  private let logger: Logger
  private let onChange: @Sendable () -> Void
  private let wasInPlace = Mutex(true)

  /// A watch that looks when it is asked.
  ///
  /// - Parameters:
  ///   - logger: Where a change is logged.
  ///   - onChange: Called after a change.
  ///   - isInPlaceNow: Whether the path leads to the daemon now.
  init(
    logger: Logger, onChange: @escaping @Sendable () -> Void, isInPlaceNow: @escaping @Sendable () -> Bool
  ) {
    self.isInPlaceNow = isInPlaceNow
    self.logger = logger
    self.onChange = onChange
  }

  /// Looks at the path, and logs a change.
  @discardableResult
  func check() -> Bool {
    let isInPlace = isInPlaceNow()
    let changed = wasInPlace.withLock { was in
      defer { was = isInPlace }
      return was != isInPlace
    }
    guard changed else { return isInPlace }
    if isInPlace {
      logger.notice("the socket is in its place again")
    } else {
      logger.error("the socket's path does not lead to this daemon any more; restart it, or its socket unit")
    }
    onChange()
    return isInPlace
  }

}
