package import NIOCore
import NIOPosix
import Synchronization

/// Tells when files may have changed, by looking at what their paths lead to once a second.
///
/// One look follows every link on the way, so that a file that is written, one that is renamed over it, a release link
/// that is switched and the `..data` link of a Kubernetes volume are all seen alike. Beside inotify it costs a `stat` a
/// second for each file, and no instance, watch or descriptor, of which a user has few.
///
/// All files are looked at on one thread. One that has not answered within a second is on a disk that hangs: it keeps
/// that thread until it does answer, and the others go on with another.
package final class FilePoller: Sendable {
  private struct File: Sendable {
    let path: String
    let continuation: AsyncStream<Void>.Continuation
    /// What was seen last; `nil` before the first look, and while another write could leave the same times behind.
    var seen: FileIdentity??
    /// Whether a look has not ended yet.
    var isLookedAt = false
  }

  private struct State {
    var files: [UInt64: File] = [:]
    var added: UInt64 = 0
    /// The round under way, and the thread that it runs on.
    var thread: NIOThreadPool?
    var isInRound = false
    var timer: RepeatedTask?
  }

  private let group: any EventLoopGroup
  private let period: TimeAmount
  private let look: @Sendable (String) -> FileIdentity?
  private let state = Mutex(State())

  /// A poller that costs nothing while no file is watched.
  ///
  /// - Parameters:
  ///   - group: The event loops, of which one keeps the time.
  ///   - period: How often files are looked at.
  ///   - look: Tells what a path leads to now; `nil` for nothing. It may block.
  package init(
    group: any EventLoopGroup, period: Duration = .seconds(1),
    look: @escaping @Sendable (String) -> FileIdentity? = { FileIdentity(of: $0) }
  ) {
    self.group = group
    self.period = TimeAmount(period)
    self.look = look
  }

  /// Begins to watch a file; it need not exist yet.
  ///
  /// - Parameter path: The file.
  /// - Returns: An element after the first look, and one for each change, or for several that came together. Whoever
  ///   ends the iteration, or lets go of the stream, ends the watch.
  package func changes(of path: String) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      state.added += 1
      state.files[state.added] = File(path: path, continuation: continuation)
      if state.timer == nil {
        state.timer = group.next().scheduleRepeatedTask(initialDelay: period, delay: period) { [weak self] _ in
          self?.poll()
        }
      }
      return state.added
    }
    continuation.onTermination = { [weak self] _ in self?.forget(number) }
    return stream
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
    for number in state.withLock({ $0.files.keys.sorted() }) {
      let path = state.withLock { state -> String? in
        guard state.thread === thread, let file = state.files[number], !file.isLookedAt else { return nil }
        state.files[number]?.isLookedAt = true
        return file.path
      }
      guard let path else { continue }
      let now = look(path)
      state.withLock { state in
        guard let file = state.files[number] else { return }
        state.files[number]?.isLookedAt = false
        state.files[number]?.seen = now.map(\.isSettled) == false ? nil : .some(now)
        if file.seen != .some(now) { file.continuation.yield() }
      }
    }
    state.withLock { state in if state.thread === thread { state.isInRound = false } }
  }

  private func forget(_ number: UInt64) {
    let (timer, thread) = state.withLock { state -> (RepeatedTask?, NIOThreadPool?) in
      state.files[number] = nil
      guard state.files.isEmpty else { return (nil, nil) }
      defer {
        state.timer = nil
        state.thread = nil
        state.isInRound = false
      }
      return (state.timer, state.thread)
    }
    timer?.cancel()
    thread?.shutdownGracefully { _ in }
  }
}
