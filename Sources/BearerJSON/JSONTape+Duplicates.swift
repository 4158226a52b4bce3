/// No object has two members of the same name, compared after unescaping (RFC 7493 section 2.3).
extension JSONTape {
  /// Objects with more members than this are checked for duplicates by sorting, so that the cost of a text stays within
  /// its length times a logarithm.
  private static let pairwiseMembers = 16

  /// Refuses an object that was just closed, at its first repeated name.
  func refuseDuplicates(in object: Int, count: Int, _ bytes: Span<UInt8>) throws(JSONError) {
    if count < 2 { return }
    let end = Int(nodes[object].next)
    var hasEscapes = false
    var name = object + 1
    while name < end {
      hasEscapes = hasEscapes || nodes[name].hasEscapes
      name = Int(nodes[name + 1].next)
    }
    // Few names without escapes, as nearly every object has: they are compared in pairs, without allocating.
    if count <= Self.pairwiseMembers, !hasEscapes { return try refusePairs(in: object, bytes) }
    // Many names, or names with escapes: each is unescaped once, because doing it at every comparison would let a short
    // line cost milliseconds.
    var names: [(value: [UInt8], node: Int)] = []
    names.reserveCapacity(count)
    name = object + 1
    while name < end {
      names.append((unescaped(name, bytes), name))
      name = Int(nodes[name + 1].next)
    }
    names.sort { $0.value.count != $1.value.count ? $0.value.count < $1.value.count : $0.value.precedes($1.value) }
    for pair in 1..<names.count where names[pair - 1].value == names[pair].value {
      throw JSONError(.duplicateMember, at: Int(nodes[max(names[pair - 1].node, names[pair].node)].start) - 1)
    }
  }

  /// Compares a name with those before it only if one of them shares its bit among 64, which is seldom.
  private func refusePairs(in object: Int, _ bytes: Span<UInt8>) throws(JSONError) {
    let end = Int(nodes[object].next)
    var seen: UInt64 = 0
    var name = object + 1
    while name < end {
      let node = nodes[name]
      let mixed = (lastBytes(of: node, bytes) ^ UInt64(node.length)) &* 0x9E37_79B9_7F4A_7C15
      let bit: UInt64 = 1 << (mixed >> 58)
      if seen & bit != 0 {
        var other = object + 1
        while other < name {
          let earlier = bytes.extracting(Int(nodes[other].start)..<Int(nodes[other].end))
          if earlier.holdsSame(as: bytes.extracting(Int(node.start)..<Int(node.end))) {
            throw JSONError(.duplicateMember, at: Int(node.start) - 1)
          }
          other = Int(nodes[other + 1].next)
        }
      }
      seen |= bit
      name = Int(nodes[name + 1].next)
    }
  }
}

extension [UInt8] {
  /// Whether this comes before an array of the same length, byte by byte.
  fileprivate func precedes(_ other: [UInt8]) -> Bool {
    for (left, right) in zip(self, other) where left != right { return left < right }
    return false
  }
}
