/// An answer that is still good enough.
package struct KnownStatus: Sendable {
  /// What the back-end said.
  package enum Word: Sendable {
    /// A yes with the answer; without one if it was about a JWT, whose own claims count.
    case active(ActiveToken?)
    case inactive
  }

  /// What the back-end said.
  package var word: Word
  /// How long ago it was asked.
  package var age: Duration
  /// Whether it is time to ask again, before the answer is too old.
  package var isDue = false

  /// An answer of this age.
  package init(word: Word, age: Duration, isDue: Bool = false) {
    self.word = word
    self.age = age
    self.isDue = isDue
  }

  /// An answer that has just come.
  package init(_ status: TokenStatus) {
    self.init(word: status.word, age: .zero)
  }
}

extension TokenStatus {
  fileprivate var word: KnownStatus.Word {
    switch self {
    case .active(let token): .active(token)
    case .inactive: .inactive
    }
  }
}
