import BearerClaims

/// Remembers facts about tokens that were good: never a verdict, and no token.
///
/// A token is verified again and again during its life. Two things about it never change: that its signature is good
/// under a key, and what its payload says. Finding out the first again costs a signature check, the second base64url
/// and JSON. Everything else is computed each time: whether the key is still in the set, and every claim under the
/// policy as it is now.
///
/// A token is found only by its name (``TokenNamer``). Only tokens with good signatures get in, so that nobody fills
/// the memory without an issuer's help. The signature counts under the serial number of one key object, which is never
/// used again, so the fact ends with its key. Of a payload the claims are kept; without the signature they are not the
/// token.
///
/// Signatures and payloads each have half of the memory. A signature takes some 200 bytes and a payload ten times as
/// much, but the signature is dearer to check again. So a payload is kept only of a token that comes a second time, and
/// never displaces a signature. Eviction is CLOCK, with a hand for each: what was used since the hand last passed is
/// spared once.
struct TokenCache {
  /// What is known of one token.
  struct Facts {
    /// The key under which its signature is good.
    var keySerial: UInt64
    /// What its payload says, if that is kept.
    var payload: KnownPayload?
  }

  private struct Slot {
    var name: TokenName
    var facts: Facts
    var wasUsed = false
    var wasPayloadUsed = false
  }

  /// The most bytes that an entry without its payload takes: its slot, and its place in the hash table, each with the
  /// greatest slack that growing leaves.
  static let bytesPerEntry = 256

  /// How many slots are looked at to find room for a payload; if there is none the payload is not kept, because those
  /// in the cache are in use.
  private static let payloadSteps = 64

  let capacity: Int
  private let payloadCapacity: Int
  private(set) var payloadBytes = 0
  private var slots: [Slot] = []
  private var indices: [TokenName: Int32] = [:]
  private var hand = 0
  private var payloadHand = 0

  /// An empty cache, which takes at most this many bytes, as it needs them.
  init(bytes: Int) {
    payloadCapacity = bytes / 2
    capacity = min((bytes - payloadCapacity) / Self.bytesPerEntry, Int(Int32.max))
  }

  /// How many tokens are known.
  var count: Int { slots.count }

  /// What is known of a token; asking counts as a use.
  mutating func facts(of name: TokenName) -> Facts? {
    guard let index = indices[name] else { return nil }
    slots[Int(index)].wasUsed = true
    slots[Int(index)].wasPayloadUsed = true
    return slots[Int(index)].facts
  }

  /// Remembers that a token's signature is good under a key, forgetting another token if there is no more room.
  mutating func insert(_ name: TokenName, keySerial: UInt64) {
    guard capacity > 0 else { return }
    if let index = indices[name] {
      slots[Int(index)].facts.keySerial = keySerial
      return
    }
    let slot = Slot(name: name, facts: Facts(keySerial: keySerial))
    if slots.count < capacity {
      indices[name] = Int32(slots.count)
      slots.append(slot)
      return
    }
    while slots[hand].wasUsed {
      slots[hand].wasUsed = false
      hand = (hand + 1) % capacity
    }
    dropPayload(hand)
    indices[slots[hand].name] = nil
    slots[hand] = slot
    indices[name] = Int32(hand)
    hand = (hand + 1) % capacity
  }

  /// Makes room for a payload by evicting payloads that were not used lately.
  ///
  /// - Returns: Whether there is room now; ``keep(_:of:)`` may follow.
  mutating func makeRoom(for bytes: Int) -> Bool {
    guard bytes <= payloadCapacity else { return false }
    var steps = Self.payloadSteps
    while payloadBytes + bytes > payloadCapacity {
      if steps == 0 || slots.isEmpty { return false }
      steps -= 1
      payloadHand = (payloadHand + 1) % slots.count
      if slots[payloadHand].wasPayloadUsed {
        slots[payloadHand].wasPayloadUsed = false
      } else {
        dropPayload(payloadHand)
      }
    }
    return true
  }

  /// Remembers what a known token's payload says; there must be room for it.
  mutating func keep(_ payload: KnownPayload, of name: TokenName) {
    guard let index = indices[name] else { return }
    dropPayload(Int(index))
    slots[Int(index)].facts.payload = payload
    payloadBytes += payload.heldBytes
  }

  /// Forgets the payload of a token whose key is gone.
  mutating func forgetPayload(of name: TokenName) {
    if let index = indices[name] { dropPayload(Int(index)) }
  }

  private mutating func dropPayload(_ index: Int) {
    guard let payload = slots[index].facts.payload else { return }
    slots[index].facts.payload = nil
    payloadBytes -= payload.heldBytes
  }
}

/// What a token's payload says, and its header.
final class KnownPayload {
  /// The header; tokens with the same one share it while it is in the ``HeaderCache``.
  let header: JOSEHeader
  /// Where the token's first two segments end.
  let headerEnd: Int
  let payloadEnd: Int
  let claims: ClaimSet
  /// What the verdict depends on under the policy that last accepted the token.
  var settled: SettledChecks?
  /// What all of it takes in memory.
  let heldBytes: Int

  /// Keeps copies that are no larger than they must be.
  init(header: JOSEHeader, headerEnd: Int, payloadEnd: Int, claims: ClaimSet) {
    self.header = header
    self.headerEnd = headerEnd
    self.payloadEnd = payloadEnd
    self.claims = claims.compact()
    heldBytes = Self.heldBytes(header, claims)
  }

  /// What a payload will take in memory: an object with a header of 16 bytes, the up to 24 that malloc adds, and the
  /// token's header as if nobody shared it.
  static func heldBytes(_ header: JOSEHeader, _ claims: ClaimSet) -> Int {
    16 + 4 * MemoryLayout<Int>.size + MemoryLayout<SettledChecks?>.size + 24 + claims.heldBytes + header.heldBytes
  }
}
