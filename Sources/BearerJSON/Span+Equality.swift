extension Span where Element == UInt8 {
  /// Whether both hold the same bytes; they are compared eight at a time.
  package func holdsSame(as other: Span<UInt8>) -> Bool {
    if count != other.count { return false }
    let (left, right) = (bytes, other.bytes)
    var at = 0
    while at &+ 8 <= count {
      // Safe because the loads are bounds-checked and every bit pattern is a UInt64.
      let word = left.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
      if word != right.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self) { return false }
      at &+= 8
    }
    while at < count {
      if self[at] != other[at] { return false }
      at &+= 1
    }
    return true
  }
}
