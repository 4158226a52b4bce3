/// The kids that were asked for last, each once, up to a bound.
struct RecentKids: Equatable, Sendable {
  private let maximum: Int
  private var known: Set<KidFingerprint> = []
  /// In the order in which they came; those before ``head`` were forgotten.
  private var order: [KidFingerprint] = []
  private var head = 0

  /// None yet, and never more than `maximum`.
  init(maximum: Int) {
    self.maximum = maximum
  }

  /// Those that are known, the oldest first.
  var all: ArraySlice<KidFingerprint> { order[head...] }

  /// Notes a kid; the oldest is forgotten if there are too many.
  mutating func insert(_ kid: KidFingerprint) {
    guard known.insert(kid).inserted else { return }
    order.append(kid)
    guard known.count > maximum else { return }
    known.remove(order[head])
    head += 1
    if head > maximum {
      order.removeFirst(head)
      head = 0
    }
  }
}
