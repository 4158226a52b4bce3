/// A wait that its owner may give up.
package struct WaitHandle: Sendable {
  /// Whether there was no room for the wait: then the caller must hold back all that follows until the wait is over.
  package let isWithoutRoom: Bool
  private let giveUp: @Sendable () -> Void

  /// A handle.
  ///
  /// - Parameters:
  ///   - isWithoutRoom: Whether there was no room for the wait.
  ///   - giveUp: Ends it.
  package init(isWithoutRoom: Bool, _ giveUp: @escaping @Sendable () -> Void) {
    self.isWithoutRoom = isWithoutRoom
    self.giveUp = giveUp
  }

  /// Ends the wait and frees its place; nothing is delivered afterwards, unless its delivery has already begun.
  package func cancel() { giveUp() }
}
