import Glibc

/// The system's users (passwd(5) and whatever else nsswitch.conf(5) names).
enum UserDatabase {
  /// The id of the user of this name; `nil` if there is none.
  static func uid(of name: String) -> UInt32? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    // Safe because the buffer outlives the entry that points into it, and only a number leaves.
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65536) { buffer in
      guard let base = buffer.baseAddress, getpwnam_r(name, &entry, base, buffer.count, &found) == 0, let found else {
        return nil
      }
      return found.pointee.pw_uid
    }
  }
}
