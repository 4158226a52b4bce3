import Glibc

/// Who may do what with a file or directory, by its owner and mode.
package struct FileRights: Equatable, Sendable {
  /// The user whom it belongs to.
  package var owner: UInt32
  /// The group whom it belongs to.
  package var group: UInt32
  /// The permission bits.
  package var mode: UInt32

  /// Rights as they are given.
  package init(owner: UInt32, group: UInt32, mode: UInt32) {
    self.owner = owner
    self.group = group
    self.mode = mode
  }

  /// The rights of what a path leads to, links followed; `nil` if that is nothing.
  ///
  /// It may block on the disk.
  package init?(of path: String) {
    var facts = stat()
    guard stat(path, &facts) == 0 else { return nil }
    self.init(owner: facts.st_uid, group: facts.st_gid, mode: facts.st_mode & 0o7777)
  }

  /// Who besides root and a user may write it, in words; `nil` if nobody.
  ///
  /// - Parameter user: The user who may; `nil` if that can be any.
  /// - Returns: The words.
  package func foreignWriter(besides user: UInt32?) -> String? {
    if mode & 0o002 != 0 { return "every user may write it" }
    // Root's own group has no users who are not root's.
    if mode & 0o020 != 0, group != 0 { return "group \(group) may write it" }
    if let user, owner != 0, owner != user { return "it belongs to user \(owner)" }
    return nil
  }

  /// Who besides its owner may read it, in words, of all users and one group; `nil` if neither.
  ///
  /// - Parameter group: The group; `nil` for none.
  /// - Returns: The words.
  package func foreignReader(ofGroup group: UInt32?) -> String? {
    if mode & 0o004 != 0 { return "every user may read it" }
    if mode & 0o040 != 0, let group, self.group == group { return "group \(group) may read it" }
    return nil
  }
}
