import Glibc

/// What tells one content of a path from another without reading it.
///
/// The time of the last change of the inode is part of it: it also moves when rights change, and when a tool gives a
/// file the size and the time of modification that the one before had.
package struct FileIdentity: Equatable, Sendable {
  private let device: UInt64
  private let inode: UInt64
  private let size: Int64
  private let modified: [Int]
  /// Whether another write would leave other times behind: file systems count them in steps of some milliseconds.
  let isSettled: Bool

  /// What a path leads to now, links followed; `nil` if that is nothing.
  ///
  /// May block on the disk.
  package init?(of path: String) {
    var facts = stat()
    guard stat(path, &facts) == 0 else { return nil }
    device = UInt64(facts.st_dev)
    inode = UInt64(facts.st_ino)
    size = Int64(facts.st_size)
    modified = [facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec, facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec]
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let age = (now.tv_sec - facts.st_ctim.tv_sec) * 1000 + (now.tv_nsec - facts.st_ctim.tv_nsec) / 1_000_000
    // A time in the future comes from another host's clock, and is as good as any other.
    isSettled = age > 20 || age < -1000
  }

  /// An identity made up by a test.
  package init(inode: UInt64) {
    device = 0
    self.inode = inode
    size = 0
    modified = []
    isSettled = true
  }
}
