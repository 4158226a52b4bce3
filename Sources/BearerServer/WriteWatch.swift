/// Whether a client takes its replies.
///
/// It is looked at in steps of a part of the timeout; so many steps without a single byte taken mean that it is stuck.
struct WriteWatch {
  /// What a look found.
  enum Finding: Equatable {
    /// All is sent.
    case idle
    /// Something is unsent, and it is not too long since bytes were taken.
    case progressing
    /// For the whole timeout nothing was taken.
    case stuck
  }

  /// Into how many steps the timeout is divided: a stuck client is found at most one step late.
  static let steps: Int = 4

  private var written: UInt = 0
  private var takenAtLastLook: UInt = 0
  private var stepsWithoutProgress: Int = 0

  /// Counts bytes that were handed over for sending.
  mutating func wrote(_ count: Int) {
    written &+= UInt(count)
  }

  /// Looks, once every step.
  mutating func look(unsentBytes: Int) -> Finding {
    let taken = written &- UInt(unsentBytes)
    defer { takenAtLastLook = taken }
    guard unsentBytes > 0 else {
      stepsWithoutProgress = 0
      return .idle
    }
    stepsWithoutProgress = taken == takenAtLastLook ? stepsWithoutProgress + 1 : 0
    return stepsWithoutProgress >= Self.steps ? .stuck : .progressing
  }
}
