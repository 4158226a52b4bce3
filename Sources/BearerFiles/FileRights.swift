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

  /// Who has a right that nobody should have but a few, and what takes it away.
  package struct Intruder: Equatable, Sendable {
    /// Who, and what they may do, in words.
    package var words: String
    /// The command that takes the right away, without the path.
    package var command: String

    /// Somebody.
    package init(_ words: String, command: String) {
      self.words = words
      self.command = command
    }
  }

  /// Whether it is a directory for everybody, as /tmp is: one with the sticky bit (unlink(2)).
  package var isShared: Bool { mode & 0o1000 != 0 }

  /// Who besides root and a user may write it; `nil` if nobody.
  ///
  /// - Parameters:
  ///   - user: The user who may; `nil` if that can be any.
  ///   - owner: To whom it should be given if it belongs to somebody else.
  /// - Returns: Who may.
  package func foreignWriter(besides user: UInt32?, rightfulOwner owner: UInt32 = 0) -> Intruder? {
    if mode & 0o002 != 0 { return Intruder("every user may write it", command: "chmod go-w") }
    // Root's own group has no users who are not root's.
    if mode & 0o020 != 0, group != 0 { return Intruder("group \(group) may write it", command: "chmod g-w") }
    if let user, self.owner != 0, self.owner != user {
      return Intruder("it belongs to user \(self.owner)", command: "chown \(owner == 0 ? "root" : "\(owner)")")
    }
    return nil
  }

  /// Who besides its owner may read it, of all users and one group; `nil` if neither.
  ///
  /// - Parameter group: The group; `nil` for none.
  /// - Returns: Who may.
  package func foreignReader(ofGroup group: UInt32?) -> Intruder? {
    if mode & 0o004 != 0 { return Intruder("every user may read it", command: "chmod o-r") }
    if mode & 0o040 != 0, let group, self.group == group {
      return Intruder("group \(group) may read it", command: "chmod g-r")
    }
    return nil
  }
}
