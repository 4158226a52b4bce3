/// A hash of a string's bytes, for tables whose keys no stranger chooses (FNV-1a, with a last mix for its low bits).
package enum StringHash {
  /// The hash of some bytes.
  package static func of(_ bytes: Span<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
    return hash ^ hash >> 32
  }
}

extension JSONTape {
  /// The hash of a string's value; `nil` if the node is no string.
  package func stringHash(_ index: Int, _ bytes: Span<UInt8>) -> UInt64? {
    let node = self[index]
    guard node.kind == .string else { return nil }
    if node.hasEscapes { return StringHash.of(unescaped(index, bytes).span) }
    return StringHash.of(bytes.extracting(Int(node.start)..<Int(node.end)))
  }
}
