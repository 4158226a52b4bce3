/// Finds what somebody probably meant to write.
package enum NearMiss {
  /// The candidate that differs least from a word, if it differs little enough to be a slip of the finger.
  ///
  /// Case, `-` and `_` count for nothing; otherwise each inserted, left out, replaced or swapped character counts one
  /// (optimal string alignment), and at most a third of the longer word may differ.
  package static func of(_ word: String, among candidates: some Sequence<String>) -> String? {
    guard word.utf8.count <= 64 else { return nil }
    let bare = plain(word)
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let other = plain(candidate)
      let distance = distance(bare, other)
      guard distance <= max(bare.count, other.count) / 3 else { continue }
      if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
    }
    return best?.candidate
  }

  private static func plain(_ word: String) -> [UInt8] {
    Array(word.lowercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") })
  }

  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var least = min(row[j] + 1, previous[j + 1] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, beforePrevious[j - 1] + 1) }
        row.append(least)
      }
      beforePrevious = previous
      previous = row
    }
    return previous[b.count]
  }
}
