/// A wait that its owner may give up.
package struct WaitHandle: Sendable {
  /// Whether there was no room for it: whoever asked must hold back what would come after it until it is over.
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
