import BearerClaims
import BearerJOSE
import BearerJSON
import BearerProtocol

/// A request line that was answered with an acceptance, apart from its `id`.
final class CachedLine {
  /// Where the `id` is in the line.
  let place: LineShape.Place
  /// What it asks, for the rules of peers.
  let request: Request
  /// The configuration that it was answered by (`ActiveConfigurationStore.version`).
  let configuration: UInt64
  let basis: AcceptanceBasis
  /// The reply behind the `id`, without what it told of its moment.
  private let reply: [UInt8]
  /// What all of it takes in memory.
  let heldBytes: Int

  /// Takes a reply apart; `nil` if it does not end as `momentary` says, for a back-end has a clock of its own, which goes
  /// on between the reply and this.
  ///
  /// - Parameters:
  ///   - place: Where the `id` is in the line.
  ///   - request: What the line asks.
  ///   - requestBytes: How long the line is without the token.
  ///   - configuration: What it was answered by.
  ///   - basis: What the reply rests on.
  ///   - momentary: What it tells of its moment.
  ///   - reply: The reply behind the `id`.
  init?(
    _ place: LineShape.Place, _ request: Request, requestBytes: Int, in configuration: UInt64,
    basis: AcceptanceBasis, momentary: AcceptanceBasis.Momentary, reply: Span<UInt8>
  ) {
    var (end, whole): ([UInt8], [UInt8]) = ([], [])
    momentary.append(to: &end)
    whole.append(reply)
    guard whole.count >= end.count, whole.suffix(end.count).elementsEqual(end) else { return nil }
    let kept = whole.dropLast(end.count)
    // 10 ends as 0 does.
    guard momentary.expiresIn == nil || kept.last == UInt8(ascii: ":") else { return nil }
    self.place = place
    self.request = request
    self.configuration = configuration
    self.basis = basis
    self.reply = Array(kept)
    // Its objects, its place in the table, and what growing leaves unused; a request's members may be kept twice.
    heldBytes = 512 + self.reply.count + 2 * requestBytes + request.constraints.overheadBytes + basis.heldBytes
  }

  /// Appends the reply as it is now.
  ///
  /// - Parameters:
  ///   - id: The line's `id`; empty if it has none.
  ///   - momentary: What it tells of the moment.
  ///   - line: Where to.
  func append(id: Span<UInt8>, _ momentary: AcceptanceBasis.Momentary, to line: inout [UInt8]) {
    line.beginReply(id: id)
    line.append(contentsOf: reply)
    momentary.append(to: &line)
  }
}

/// Remembers request lines that were answered with an acceptance, so that the next one like it need not be read.
///
/// Nothing is decided here. The line asks about a token that is known to be good (``TokenCache``), and what its verdict
/// depends on is tested each time: configuration, key set or back-end's answer, time, and who asks. Of the line, only a
/// name is kept that cannot be forged (``TokenNamer``): lines of one name and shape have the same bytes but for the `id`.
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
  private var places: [TokenName: Int] = [:]
  private var hand = 0
  private(set) var heldBytes = 0

  /// Nothing is known yet; at most this many bytes are used, as they are needed.
  init(bytes: Int) {
    capacity = bytes
  }

  /// How many lines are known.
  var count: Int { slots.count }

  /// The name of a line's rest; `nil` if nothing is ever kept.
  func name(of rest: Span<UInt8>) -> TokenName? { capacity > 0 ? namer.name(of: rest) : nil }

  /// What is known of a line; to be asked is to be used.
  mutating func find(_ name: TokenName, _ place: LineShape.Place) -> CachedLine? {
    guard let slot = places[name], slots[slot].line.place == place else { return nil }
    slots[slot].wasUsed = true
    return slots[slot].line
  }

  /// Remembers a line, forgetting others if there is no more room.
  mutating func insert(_ line: CachedLine, as name: TokenName) {
    guard line.heldBytes <= capacity else { return }
    if let slot = places[name] {
      heldBytes += line.heldBytes - slots[slot].line.heldBytes
      slots[slot].line = line
    } else {
      heldBytes += line.heldBytes
      places[name] = slots.count
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
    places[slots[hand].name] = nil
    let last = slots.removeLast()
    if hand < slots.count {
      slots[hand] = last
      places[last.name] = hand
    }
  }
}
