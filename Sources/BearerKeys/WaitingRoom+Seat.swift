extension WaitingRoom {
  /// A wait that has come in.
  package struct Seat<Outcome: Sendable>: Sendable {
    /// Whether it waits although there is no room for it.
    package let isWithoutRoom: Bool
    /// Ends the waits that made room; to be called outside of locks.
    package let displaced: [@Sendable () -> Void]
    /// Gives its share back and passes the outcome on; `nil` means that the wait was given up.
    package let wakeUp: @Sendable (Outcome?) -> Void
  }

  /// Takes a share for a wait that gives it back when it ends.
  ///
  /// - Parameters:
  ///   - wait: Who waits.
  ///   - subject: What it waits for.
  ///   - displace: Ends this very wait to make room for a newer one; called outside of locks.
  ///   - deliver: Called with the outcome.
  /// - Returns: The wait's seat, with room or without.
  package func seat<Outcome: Sendable>(
    _ wait: Wait, for subject: Subject, displace: @escaping @Sendable () -> Void,
    _ deliver: @escaping @Sendable (Outcome) -> Void
  ) -> Seat<Outcome> {
    let (share, displaced) = enter(wait, for: subject, displace: displace)
    return Seat(isWithoutRoom: share == nil, displaced: displaced) { outcome in
      if let share { self.leave(share) }
      if let outcome { deliver(outcome) }
    }
  }
}
