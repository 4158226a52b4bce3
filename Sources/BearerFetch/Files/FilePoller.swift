import BearerThreads
package import NIOCore
import NIOPosix
import Synchronization

/// Tells when files may have changed, by looking at what their paths lead to: when the watch begins, once a second, and
/// as soon as something happens in their directories.
///
/// A look follows every link, so it sees alike a file that is written, one that is renamed over it, a switched release
/// link and the `..data` link of a Kubernetes volume. inotify only brings a look forward, because it sees no change
/// beyond a link or on a network file system. A user has few inotify instances, so all files share one, or do without.
///
/// One thread looks at all files. If a look takes longer than a second, its disk hangs: it keeps the thread until it
/// returns, and the other files get a new thread.
package final class FilePoller: Sendable {
  private struct File: Sendable {
    let path: String
    let continuation: AsyncStream<Void>.Continuation
    /// What was seen last; `nil` before the first look, and while another write could leave the same times behind.
    var seen: FileIdentity??
    /// Whether a look at it is under way.
    var isLookedAt = false
  }

  private struct State {
    var files: [UInt64: File] = [:]
    var added: UInt64 = 0
    /// The thread that rounds run on, and whether one is under way.
    var thread: NIOThreadPool?
    var isInRound = false
    var timer: RepeatedTask?
    /// The alarm for the files' directories, and its numbers for them, as of the last round.
    var alarm: InotifyAlarm?
    var directories: Set<Int32> = []
    /// Whether the alarm has asked for a round that has not begun.
    var isRung = false
  }

  private let group: any EventLoopGroup
  private let period: TimeAmount
  private let hasAlarm: Bool
  private let look: @Sendable (String) -> FileIdentity?
  private let state = Mutex(State())

  /// The delay from an alarm to its round, so that events that come together cause one round, and a busy directory
  /// costs little.
  private static let settling = TimeAmount.milliseconds(20)

  /// A poller that costs nothing while no file is watched.
  ///
  /// - Parameters:
  ///   - group: The event loops, one of which runs the timer.
  ///   - period: How often files are looked at.
  ///   - hasAlarm: Whether they are looked at as well when the watch begins and when something happens in their
  ///     directories.
  ///   - look: Finds what a path leads to now; `nil` for nothing. It may block.
  package init(
    group: any EventLoopGroup, period: Duration = .seconds(1), hasAlarm: Bool = true,
    look: @escaping @Sendable (String) -> FileIdentity? = { FileIdentity(of: $0) }
  ) {
    self.group = group
    self.period = TimeAmount(period)
    self.hasAlarm = hasAlarm
    self.look = look
  }

  /// Begins to watch a file; it need not exist yet.
  ///
  /// - Parameter path: The file.
  /// - Returns: An element after the first look, and one for each change, or for several that came together. Ending the
  ///   iteration or releasing the stream ends the watch.
  package func changes(of path: String) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      state.added += 1
      state.files[state.added] = File(path: path, continuation: continuation)
      if state.timer == nil {
        state.timer = group.next().scheduleRepeatedTask(initialDelay: period, delay: period) { [weak self] _ in
          self?.poll()
        }
        if hasAlarm { state.alarm = InotifyAlarm { [weak self] in self?.ring() } }
      }
      return state.added
    }
    continuation.onTermination = { [weak self] _ in self?.forget(number) }
    // The first look makes the directory known to the alarm.
    if hasAlarm { ring() }
    return stream
  }

  /// Brings the next look forward.
  private func ring() {
    let isFirst = state.withLock { state in
      guard !state.files.isEmpty, !state.isRung else { return false }
      state.isRung = true
      return true
    }
    guard isFirst else { return }
    group.next().scheduleTask(in: Self.settling) { [weak self] in
      guard let self else { return }
      let isBusy = state.withLock { state in
        state.isRung = false
        return state.isInRound
      }
      // The round under way may have passed the changed file already. If it hangs, the timer abandons it.
      if isBusy { ring() } else { poll() }
    }
  }

  /// Looks at every file whose last look has ended; returns at once.
  package func poll() {
    let (thread, abandoned) = state.withLock { state -> (NIOThreadPool?, NIOThreadPool?) in
      if state.files.isEmpty { return (nil, nil) }
      // A round that has not ended since the last one is held up by one file.
      let abandoned = state.isInRound ? state.thread : nil
      if state.isInRound || state.thread == nil {
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        state.thread = thread
      }
      state.isInRound = true
      return (state.thread, abandoned)
    }
    thread?.submit { [weak self] _ in self?.lookAtAll(on: thread) }
    abandoned?.shutdownGracefully { _ in }
  }

  private func lookAtAll(on thread: NIOThreadPool?) {
    let alarm = state.withLock(\.alarm)
    var directories: Set<Int32> = []
    for number in state.withLock({ $0.files.keys.sorted() }) {
      let path = state.withLock { state -> String? in
        guard state.thread === thread, let file = state.files[number], !file.isLookedAt else { return nil }
        state.files[number]?.isLookedAt = true
        return file.path
      }
      guard let path else { continue }
      CurrentThread.giveWay()
      // Before the look, so that no change in between is missed. For a known directory it costs one look-up.
      if let directory = alarm?.listen(besides: path) { directories.insert(directory) }
      let now = look(path)
      state.withLock { state in
        guard let file = state.files[number] else { return }
        state.files[number]?.isLookedAt = false
        state.files[number]?.seen = now.map(\.isSettled) == false ? nil : .some(now)
        if file.seen != .some(now) { file.continuation.yield() }
      }
    }
    let left = state.withLock { state -> Set<Int32> in
      guard state.thread === thread else { return [] }
      state.isInRound = false
      defer { state.directories = directories }
      return state.directories.subtracting(directories)
    }
    for directory in left { alarm?.forget(directory) }
  }

  private func forget(_ number: UInt64) {
    let (timer, thread) = state.withLock { state -> (RepeatedTask?, NIOThreadPool?) in
      state.files[number] = nil
      guard state.files.isEmpty else { return (nil, nil) }
      defer {
        state.timer = nil
        state.thread = nil
        state.isInRound = false
        state.alarm = nil
        state.directories = []
      }
      return (state.timer, state.thread)
    }
    timer?.cancel()
    thread?.shutdownGracefully { _ in }
  }
}
