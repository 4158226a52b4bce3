import BearerFiles
import Glibc

/// The code of the program and of its libraries, as far as it is in the process's memory.
///
/// The start, a fetch and a reload use several times as much of it as requests do: of 30 MB resident, 17 would never be
/// used again.
enum ProgramText {
  /// Takes all of it out of the process's memory, into which what is used comes back by itself.
  ///
  /// The kernel keeps it in the page cache, so that nothing is read from a disk again unless memory is short.
  static func release() {
    for range in ranges(of: KernelFile.text(of: "/proc/self/maps")) {
      // It fails where memory is locked, and then all of it stays.
      madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, CInt(MADV_DONTNEED))
    }
  }

  /// Where the kernel has mapped files that are executed, by the lines of proc_pid_maps(5).
  ///
  /// Only these can be dropped without loss: nobody writes there, while other pages of the same files were changed when the
  /// program was loaded.
  static func ranges(of maps: String) -> [Range<UInt>] {
    maps.split(separator: "\n").compactMap { line in
      // address perms offset dev inode pathname
      let fields = line.split(separator: " ", maxSplits: 5)
      guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }).hasPrefix("/") else {
        return nil
      }
      let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
    }
  }
}
