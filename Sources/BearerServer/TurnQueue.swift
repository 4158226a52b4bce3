// Who is served next.
//
// Users take turns, and within each user its elements do: one user with a hundred busy connections keeps another's
// waiting no longer than one user with a single busy one. A turn is short (``FixedLimits/turn``), so that the
// one behind it is served soon.

/// Elements that wait for their turn, fairly between users.
struct TurnQueue<Element> {
  /// A user's elements that wait.
  ///
  /// Each of the user's elements keeps a reference to it, so that waiting needs no look-up.
  final class User {
    fileprivate var waiting = Fifo<Element>()
  }

  private var users = Fifo<User>()

  /// Whether no element waits.
  var isEmpty: Bool { users.isEmpty }

  /// Lets an element wait, behind its user's others.
  mutating func append(_ element: Element, of user: User) {
    if user.waiting.isEmpty { users.append(user) }
    user.waiting.append(element)
  }

  /// The next element; its user goes to the end if it has more.
  mutating func next() -> Element? {
    guard let user = users.popFirst() else { return nil }
    let element = user.waiting.popFirst()
    if !user.waiting.isEmpty { users.append(user) }
    return element
  }
}
