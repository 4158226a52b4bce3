import Glibc

/// Tells whether a path leads to another file or other content than before, without reading it.
///
/// It includes the inode's change time (ctime): a tool can restore a file's size and modification time, but not that.
/// It also moves when permissions change.
package struct FileIdentity: Equatable, Sendable {
  private let device: UInt64
  private let inode: UInt64
  private let size: Int64
  private let modified: [Int]
  /// Whether another write would change the times: file systems count them in steps of some milliseconds.
  let isSettled: Bool

  /// What a path leads to now, links followed; `nil` if nothing is there.
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
    // A time in the future comes from another host's clock; it counts as settled.
    isSettled = age > 20 || age < -1000
  }

  /// An identity for tests.
  package init(inode: UInt64) {
    device = 0
    self.inode = inode
    size = 0
    modified = []
    isSettled = true
  }
}
