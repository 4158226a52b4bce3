/// The connections of a loop, found by their number without hashing.
///
/// A number holds an index and how often it was used before, so that a late event finds no other connection.
struct ConnectionSlots {
  private struct Slot {
    var connection: Connection?
    var uses: UInt32
  }

  /// Numbers begin above those that the loop uses for other things.
  private static let firstIndex = 1 << 16

  private var slots: [Slot] = []
  private var free: [Int] = []

  /// Whether there is none.
  var isEmpty: Bool { free.count == slots.count }

  /// All of them, in no order.
  var all: [Connection] { slots.compactMap(\.connection) }

  /// The connection with a number, if it is still there.
  subscript(number: UInt64) -> Connection? {
    guard let index = index(of: number) else { return nil }
    return slots[index].connection
  }

  /// Makes a connection, giving it its number, and keeps it.
  mutating func insert(_ make: (UInt64) -> Connection) -> Connection {
    let index = free.popLast() ?? slots.count
    if index == slots.count { slots.append(Slot(connection: nil, uses: 0)) }
    let connection = make(UInt64(slots[index].uses) << 32 | UInt64(index + Self.firstIndex))
    slots[index].connection = connection
    return connection
  }

  /// Lets a connection go; false if it was not there.
  mutating func remove(_ number: UInt64) -> Bool {
    guard let index = index(of: number) else { return false }
    slots[index].connection = nil
    slots[index].uses &+= 1
    free.append(index)
    return true
  }

  private func index(of number: UInt64) -> Int? {
    let index = Int(number & 0xFFFF_FFFF) - Self.firstIndex
    guard slots.indices.contains(index), slots[index].uses == UInt32(number >> 32), slots[index].connection != nil
    else {
      return nil
    }
    return index
  }
}
