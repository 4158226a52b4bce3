/// The connections of a loop, found by their number without hashing.
///
/// A number holds a place and how often it was used before, so that a late event finds no other connection.
struct ConnectionSlots {
  private struct Slot {
    var connection: Connection?
    var uses: UInt32
  }

  /// Numbers begin above those that the loop uses for other things.
  private static let firstPlace = 1 << 16

  private var slots: [Slot] = []
  private var free: [Int] = []

  /// Whether there is none.
  var isEmpty: Bool { free.count == slots.count }

  /// All of them, in no order.
  var all: [Connection] { slots.compactMap(\.connection) }

  /// The connection with a number, if it is still there.
  subscript(number: UInt64) -> Connection? {
    guard let place = place(of: number) else { return nil }
    return slots[place].connection
  }

  /// Makes a connection, giving it its number, and keeps it.
  mutating func insert(_ make: (UInt64) -> Connection) -> Connection {
    let place = free.popLast() ?? slots.count
    if place == slots.count { slots.append(Slot(connection: nil, uses: 0)) }
    let connection = make(UInt64(slots[place].uses) << 32 | UInt64(place + Self.firstPlace))
    slots[place].connection = connection
    return connection
  }

  /// Lets a connection go; false if it was not there.
  mutating func remove(_ number: UInt64) -> Bool {
    guard let place = place(of: number) else { return false }
    slots[place].connection = nil
    slots[place].uses &+= 1
    free.append(place)
    return true
  }

  private func place(of number: UInt64) -> Int? {
    let place = Int(number & 0xFFFF_FFFF) - Self.firstPlace
    guard slots.indices.contains(place), slots[place].uses == UInt32(number >> 32), slots[place].connection != nil
    else {
      return nil
    }
    return place
  }
}
