/// Remembers that a token's signature is good under a key: a fact, never a verdict.
///
/// A token is verified again and again during its life; its signature need not be. Everything else is computed each
/// time: whether the key is still in the set, and every claim under the policy as it is now. An entry is found only
/// by the token's SHA-256 and the serial number of the key object, which is never used again, so an entry dies with
/// its key. No token is kept. Eviction is CLOCK: an entry that was used since the hand last passed is spared once.
struct SignatureCache {
  /// A fact's name.
  struct Fact: Hashable {
    let digest: Digest
    let keySerial: UInt64
  }

  /// A SHA-256 digest in four words.
  struct Digest: Hashable {
    let a: UInt64
    let b: UInt64
    let c: UInt64
    let d: UInt64

    init(_ words: (UInt64, UInt64, UInt64, UInt64)) {
      (a, b, c, d) = words
    }
  }

  private struct Slot {
    var fact: Fact
    var wasUsed: Bool
  }

  /// What one entry costs at most: its slot, and its place in the hash table at the table's greatest slack.
  static let bytesPerEntry = 192

  let capacity: Int
  private var slots: [Slot] = []
  private var places: [Fact: Int] = [:]
  private var hand = 0

  /// An empty cache of at most this many bytes; it grows as it is used.
  init(bytes: Int) {
    capacity = bytes / Self.bytesPerEntry
  }

  /// How many facts are known.
  var count: Int { slots.count }

  /// Whether the fact is known; to be asked is to be used.
  mutating func contains(_ fact: Fact) -> Bool {
    guard let place = places[fact] else { return false }
    slots[place].wasUsed = true
    return true
  }

  /// Remembers a fact, forgetting another if there is no more room.
  mutating func insert(_ fact: Fact) {
    guard capacity > 0, places[fact] == nil else { return }
    if slots.count < capacity {
      places[fact] = slots.count
      slots.append(Slot(fact: fact, wasUsed: false))
      return
    }
    while slots[hand].wasUsed {
      slots[hand].wasUsed = false
      hand = (hand + 1) % capacity
    }
    places[slots[hand].fact] = nil
    slots[hand] = Slot(fact: fact, wasUsed: false)
    places[fact] = hand
    hand = (hand + 1) % capacity
  }
}
