import Glibc

/// The system's users and groups (passwd(5), group(5) and whatever else nsswitch.conf(5) names).
package enum UserDatabase {
  /// The id of the user of this name; `nil` if there is none.
  package static func uid(of name: String) -> UInt32? {
    id(passwd(), \.pw_uid) { getpwnam_r(name, $0, $1, $2, $3) }
  }

  /// The id of the group of this name, which may also be the id in digits; `nil` if there is none.
  package static func gid(of name: String) -> UInt32? {
    UInt32(name) ?? id(group(), \.gr_gid) { getgrnam_r(name, $0, $1, $2, $3) }
  }

  private static func id<Entry>(
    _ empty: Entry, _ number: KeyPath<Entry, UInt32>,
    _ find: (
      UnsafeMutablePointer<Entry>, UnsafeMutablePointer<CChar>, Int, UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>
    ) -> CInt
  ) -> UInt32? {
    var entry = empty
    var found: UnsafeMutablePointer<Entry>?
    // Safe because the buffer outlives the entry that points into it, and only a number leaves.
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65536) { buffer in
      guard let base = buffer.baseAddress, find(&entry, base, buffer.count, &found) == 0 else { return nil }
      return found?.pointee[keyPath: number]
    }
  }
}
