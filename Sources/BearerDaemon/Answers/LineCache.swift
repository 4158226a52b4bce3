import BearerJOSE
import BearerProtocol

/// Remembers request lines that were answered with an acceptance, so that the next one like it need not be read.
///
/// Nothing is decided here. The line asks about a token that is known to be good (``TokenCache``), and what its
/// verdict depends on is tested each time: configuration, key set or back-end's answer, time, and who asks. Only a
/// name of the line is kept, and it cannot be forged (``TokenNamer``): lines with the same name and shape have the
/// same bytes but for the `id`.
///
/// Eviction is CLOCK: what was used since the hand last passed is spared once.
struct LineCache {
  private struct Slot {
    let name: TokenName
    var line: CachedLine
    var wasUsed = false
  }

  private let capacity: Int
  private let namer = TokenNamer()
  private var slots: [Slot] = []
  private var indices: [TokenName: Int] = [:]
  private var hand = 0
  private(set) var heldBytes = 0

  /// An empty cache, which takes at most this many bytes, as it needs them.
  init(bytes: Int) {
    capacity = bytes
  }

  /// How many lines are known.
  var count: Int { slots.count }

  /// Looks for a line; looking counts as a use.
  ///
  /// - Parameters:
  ///   - rest: The line without its `id`.
  ///   - idPosition: Where the `id` is in it.
  /// - Returns: The name to remember it by, `nil` if nothing is ever kept; and what is known of it.
  mutating func find(_ rest: Span<UInt8>, _ idPosition: LineShape.IDPosition) -> (name: TokenName?, line: CachedLine?) {
    guard capacity > 0 else { return (nil, nil) }
    let name = namer.name(of: rest)
    guard let slot = indices[name], slots[slot].line.idPosition == idPosition else { return (name, nil) }
    slots[slot].wasUsed = true
    return (name, slots[slot].line)
  }

  /// Remembers a line, forgetting others if there is no more room.
  mutating func insert(_ line: CachedLine, as name: TokenName) {
    guard line.heldBytes <= capacity else { return }
    if let slot = indices[name] {
      heldBytes += line.heldBytes - slots[slot].line.heldBytes
      slots[slot].line = line
    } else {
      heldBytes += line.heldBytes
      indices[name] = slots.count
      slots.append(Slot(name: name, line: line))
    }
    while heldBytes > capacity { evict() }
  }

  /// Forgets the first line behind the hand that was not used lately.
  private mutating func evict() {
    while true {
      if hand >= slots.count { hand = 0 }
      if !slots[hand].wasUsed { break }
      slots[hand].wasUsed = false
      hand += 1
    }
    heldBytes -= slots[hand].line.heldBytes
    indices[slots[hand].name] = nil
    let last = slots.removeLast()
    if hand < slots.count {
      slots[hand] = last
      indices[last.name] = hand
    }
  }
}
