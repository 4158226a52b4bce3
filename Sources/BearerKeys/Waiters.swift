package import BearerTime

// A wait is a place, perhaps a deadline, and a wake-up. Places are numbers that only grow, so the list of waits is sorted
// by place without sorting: it is appended to, searched by halving, and a wait that ended leaves a gap until gaps are
// half of the list. Deadlines are in a heap, where waits that ended otherwise stay until they come to the top or are half
// of it. So each step costs the logarithm of the number of waits at most, and 10,000 of them need one alarm.
//
// The owner calls the wake-ups after leaving its lock, because they run somebody else's code.

/// Those who wait for the same thing, in the order in which they came.
package struct Waiters<Outcome: Sendable>: Sendable {
  /// A wait's place; never given twice.
  package struct Place: Hashable, Comparable, Sendable {
    fileprivate let number: UInt64

    /// Whether `left` was given before `right`.
    package static func < (left: Place, right: Place) -> Bool { left.number < right.number }
  }

  /// Tells a waiter the outcome; called once, unless the wait is cancelled before.
  package typealias WakeUp = @Sendable (Outcome) -> Void

  private struct Waiter: Sendable {
    let place: Place
    /// `nil` once the wait is over.
    var wakeUp: WakeUp?
  }

  private struct Alarm: Sendable {
    let deadline: MonotonicTime
    let place: Place
  }

  private var waiters: [Waiter] = []
  /// The index of the first wait that has not ended.
  private var head = 0
  private var alarms: [Alarm] = []
  private var places: UInt64 = 0

  /// How many wait.
  package private(set) var count = 0

  /// Nobody waits.
  package init() {}

  /// Whether nobody waits.
  package var isEmpty: Bool { count == 0 }

  /// The earliest deadline of all waits; `nil` if none has one.
  package private(set) var nextDeadline: MonotonicTime?

  // MARK: Coming

  /// A place for a wait that may begin later.
  ///
  /// A task needs it before it can wait: it must know what to cancel.
  package mutating func reserve() -> Place {
    places += 1
    return Place(number: places)
  }

  /// Begins a wait.
  ///
  /// - Parameters:
  ///   - deadline: When the wait ends at the latest; `nil` for never.
  ///   - wakeUp: Called with the outcome.
  /// - Returns: The place, to cancel the wait.
  package mutating func add(until deadline: MonotonicTime? = nil, _ wakeUp: @escaping WakeUp) -> Place {
    let place = reserve()
    begin(at: place, until: deadline, wakeUp)
    return place
  }

  /// Begins a wait at a place that was reserved; without effect if it has begun.
  ///
  /// - Parameters:
  ///   - place: The place.
  ///   - deadline: When the wait ends at the latest; `nil` for never.
  ///   - wakeUp: Called with the outcome.
  package mutating func begin(at place: Place, until deadline: MonotonicTime? = nil, _ wakeUp: @escaping WakeUp) {
    let index = index(of: place)
    // Others may have begun to wait since the place was reserved; seldom, and then only a few.
    if index < waiters.count, waiters[index].place == place { return }
    waiters.insert(Waiter(place: place, wakeUp: wakeUp), at: index)
    head = min(head, index)
    count += 1
    guard let deadline else { return }
    alarms.append(Alarm(deadline: deadline, place: place))
    siftUp(from: alarms.count - 1)
    nextDeadline = alarms.first?.deadline
  }

  // MARK: Going

  /// Ends one wait.
  ///
  /// - Returns: Its wake-up, which nobody else calls any more; `nil` if the wait is over or has not begun.
  @discardableResult
  package mutating func remove(_ place: Place) -> WakeUp? {
    let index = index(of: place)
    guard index < waiters.count, waiters[index].place == place, let wakeUp = waiters[index].wakeUp else { return nil }
    waiters[index].wakeUp = nil
    count -= 1
    if waiters.count > 2 * count + Self.tolerated {
      waiters.removeAll { $0.wakeUp == nil }
      head = 0
    }
    while head < waiters.count, waiters[head].wakeUp == nil { head += 1 }
    dropEndedAlarms()
    return wakeUp
  }

  /// The wait that began first and has not ended.
  package var first: (place: Place, wakeUp: WakeUp)? {
    guard head < waiters.count, let wakeUp = waiters[head].wakeUp else { return nil }
    return (waiters[head].place, wakeUp)
  }

  /// Ends the wait that began first and has not ended.
  package mutating func removeFirst() -> WakeUp? {
    head < waiters.count ? remove(waiters[head].place) : nil
  }

  /// Ends all waits, in the order in which they came.
  package mutating func removeAll() -> [WakeUp] {
    let wakeUps = waiters.compactMap(\.wakeUp)
    waiters = []
    head = 0
    alarms = []
    count = 0
    nextDeadline = nil
    return wakeUps
  }

  /// Ends the waits whose deadline is `now` or before, in the order of their deadlines.
  package mutating func removeDue(at now: MonotonicTime) -> [WakeUp] {
    var wakeUps: [WakeUp] = []
    while let deadline = nextDeadline, deadline <= now, let place = alarms.first?.place {
      if let wakeUp = remove(place) { wakeUps.append(wakeUp) }
    }
    return wakeUps
  }

  // MARK: The list

  /// How many waits that ended are kept at least before they are removed together.
  private static var tolerated: Int { 16 }

  /// Where a place is in the list, or would be.
  private func index(of place: Place) -> Int {
    var low = 0
    var high = waiters.count
    while low < high {
      let middle = low + (high - low) / 2
      if waiters[middle].place < place { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether a wait has not ended.
  package func contains(_ place: Place) -> Bool {
    let index = index(of: place)
    return index < waiters.count && waiters[index].place == place && waiters[index].wakeUp != nil
  }

  // MARK: The heap

  /// Brings the earliest deadline of a wait that has not ended to the top.
  private mutating func dropEndedAlarms() {
    if alarms.count > 2 * count + Self.tolerated {
      alarms = alarms.filter { contains($0.place) }.sorted(by: Self.comesFirst)
    }
    while let first = alarms.first, !contains(first.place) {
      let last = alarms.removeLast()
      if alarms.isEmpty { break }
      alarms[0] = last
      siftDown()
    }
    nextDeadline = alarms.first?.deadline
  }

  private static func comesFirst(_ left: Alarm, _ right: Alarm) -> Bool {
    (left.deadline, left.place) < (right.deadline, right.place)
  }

  private mutating func siftUp(from start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard Self.comesFirst(alarms[child], alarms[parent]) else { return }
      alarms.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func siftDown() {
    var parent = 0
    while true {
      var first = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < alarms.count {
        if Self.comesFirst(alarms[child], alarms[first]) { first = child }
      }
      if first == parent { return }
      alarms.swapAt(parent, first)
      parent = first
    }
  }
}
