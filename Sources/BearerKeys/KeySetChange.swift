import BearerJOSE

/// How an answer of the provider differs from the set that it replaced.
package struct KeySetChange: Equatable, Sendable {
  /// How many keys there are now, unusable ones included.
  package var keys: Int
  /// Kids that came, sorted.
  package var added: [String]
  /// Kids that went, sorted.
  package var removed: [String]
  /// Whether anything about the set changed.
  package var changed: Bool

  /// A change with these particulars.
  package init(keys: Int, added: [String], removed: [String], changed: Bool) {
    self.keys = keys
    self.added = added
    self.removed = removed
    self.changed = changed
  }
}

extension KeySetChange {
  /// The difference between two sets; `changed` is false if the provider confirmed the set.
  init(from before: KeySet?, to after: KeySet, changed: Bool = true) {
    let old = Self.kids(before)
    let new = Self.kids(after)
    self.init(
      keys: after.entries.count + after.leftOut, added: Self.sorted(new.subtracting(old)),
      removed: Self.sorted(old.subtracting(new)), changed: changed)
  }

  /// The keys' names as bytes, because they are compared as bytes.
  private static func kids(_ set: KeySet?) -> Set<[UInt8]> {
    Set((set?.entries ?? []).compactMap { $0.kid.map { Array($0.utf8) } })
  }

  private static func sorted(_ kids: Set<[UInt8]>) -> [String] {
    kids.sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
  }
}
