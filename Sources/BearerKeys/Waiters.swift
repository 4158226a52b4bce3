package import BearerTime

// A wait has a number, perhaps a deadline, and a wake-up. Numbers only grow, so the list of waits is sorted by them
// without sorting: it is appended to, searched by halving, and a wait that ended leaves a gap until gaps are
// half of the list. Deadlines are in a heap, where waits that ended otherwise stay until they come to the top or are half
// of it. So each step costs the logarithm of the number of waits at most, and 10,000 of them need one alarm.
//
// The owner calls the wake-ups after leaving its lock, because they run somebody else's code.

/// Those who wait for the same thing, in the order in which they came.
package struct Waiters<Outcome: Sendable>: Sendable {
  /// Names a wait; never given twice.
  package struct ID: Hashable, Comparable, Sendable {
    fileprivate let number: UInt64

    /// Whether `left` was given before `right`.
    package static func < (left: ID, right: ID) -> Bool { left.number < right.number }
  }

  /// Tells a waiter the outcome; called once, unless the wait is cancelled before.
  package typealias WakeUp = @Sendable (Outcome) -> Void

  private struct Waiter: Sendable {
    let id: ID
    /// `nil` once the wait is over.
    var wakeUp: WakeUp?
  }

  private struct Alarm: Sendable {
    let deadline: MonotonicTime
    let id: ID
  }

  private var waiters: [Waiter] = []
  /// The index of the first wait that has not ended.
  private var head = 0
  private var alarms: [Alarm] = []
  private var lastNumber: UInt64 = 0

  /// How many wait.
  package private(set) var count = 0

  /// Nobody waits.
  package init() {}

  /// Whether nobody waits.
  package var isEmpty: Bool { count == 0 }

  /// The earliest deadline of all waits; `nil` if none has one.
  package private(set) var nextDeadline: MonotonicTime?

  // MARK: Coming

  /// Names a wait that may begin later.
  ///
  /// A task needs it before it can wait: it must know what to cancel.
  package mutating func reserve() -> ID {
    lastNumber += 1
    return ID(number: lastNumber)
  }

  /// Begins a wait.
  ///
  /// - Parameters:
  ///   - deadline: When the wait ends at the latest; `nil` for never.
  ///   - wakeUp: Called with the outcome.
  /// - Returns: Its name, to cancel it.
  package mutating func add(until deadline: MonotonicTime? = nil, _ wakeUp: @escaping WakeUp) -> ID {
    let id = reserve()
    begin(id, until: deadline, wakeUp)
    return id
  }

  /// Begins a wait that was named before; without effect if it has begun.
  ///
  /// - Parameters:
  ///   - id: Its name.
  ///   - deadline: When the wait ends at the latest; `nil` for never.
  ///   - wakeUp: Called with the outcome.
  package mutating func begin(_ id: ID, until deadline: MonotonicTime? = nil, _ wakeUp: @escaping WakeUp) {
    let index = index(of: id)
    // Others may have begun to wait since this one was named; seldom, and then only a few.
    if index < waiters.count, waiters[index].id == id { return }
    waiters.insert(Waiter(id: id, wakeUp: wakeUp), at: index)
    head = min(head, index)
    count += 1
    guard let deadline else { return }
    alarms.append(Alarm(deadline: deadline, id: id))
    siftUp(from: alarms.count - 1)
    nextDeadline = alarms.first?.deadline
  }

  // MARK: Going

  /// Ends one wait.
  ///
  /// - Returns: Its wake-up, which nobody else calls any more; `nil` if the wait is over or has not begun.
  @discardableResult
  package mutating func remove(_ id: ID) -> WakeUp? {
    let index = index(of: id)
    guard index < waiters.count, waiters[index].id == id, let wakeUp = waiters[index].wakeUp else { return nil }
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
  package var first: (id: ID, wakeUp: WakeUp)? {
    guard head < waiters.count, let wakeUp = waiters[head].wakeUp else { return nil }
    return (waiters[head].id, wakeUp)
  }

  /// Ends the wait that began first and has not ended.
  package mutating func removeFirst() -> WakeUp? {
    head < waiters.count ? remove(waiters[head].id) : nil
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
    while let deadline = nextDeadline, deadline <= now, let id = alarms.first?.id {
      if let wakeUp = remove(id) { wakeUps.append(wakeUp) }
    }
    return wakeUps
  }

  // MARK: The list

  /// How many waits that ended are kept at least before they are removed together.
  private static var tolerated: Int { 16 }

  /// Where a wait is in the list, or would be.
  private func index(of id: ID) -> Int {
    var low = 0
    var high = waiters.count
    while low < high {
      let middle = low + (high - low) / 2
      if waiters[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Whether a wait has not ended.
  package func contains(_ id: ID) -> Bool {
    let index = index(of: id)
    return index < waiters.count && waiters[index].id == id && waiters[index].wakeUp != nil
  }

  // MARK: The heap

  /// Brings the earliest deadline of a wait that has not ended to the top.
  private mutating func dropEndedAlarms() {
    if alarms.count > 2 * count + Self.tolerated {
      alarms = alarms.filter { contains($0.id) }.sorted(by: Self.comesFirst)
    }
    while let first = alarms.first, !contains(first.id) {
      let last = alarms.removeLast()
      if alarms.isEmpty { break }
      alarms[0] = last
      siftDown()
    }
    nextDeadline = alarms.first?.deadline
  }

  private static func comesFirst(_ left: Alarm, _ right: Alarm) -> Bool {
    (left.deadline, left.id) < (right.deadline, right.id)
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
