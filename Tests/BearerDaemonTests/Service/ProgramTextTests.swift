import Foundation
import Testing

@testable import BearerDaemon

/// What the process keeps in memory of the program.
@Suite struct ProgramTextTests {
  @Test("only files that are executed and that nobody writes to are dropped")
  func ranges() {
    let maps = """
      563a1c000000-563a1c200000 r--p 00000000 fe:00 100                        /usr/bin/bearerd
      563a1c200000-563a1e000000 r-xp 00200000 fe:00 100                        /usr/bin/bearerd
      563a1e000000-563a1e0d0000 r--p 02000000 fe:00 100                        /usr/bin/bearerd
      563a1e0d0000-563a1e3d0000 rw-p 020d0000 fe:00 100                        /usr/bin/bearerd
      563a1f000000-563a1f021000 rw-p 00000000 00:00 0                          [heap]
      7f0000000000-7f0000010000 r-xp 00000000 00:00 0
      7f0000010000-7f0000020000 rwxp 00000000 fe:00 7                          /usr/lib/jit.so
      7f0000020000-7f0000030000 r-xs 00000000 fe:00 7                          /usr/lib/shared.so
      7f0000030000-7f0000040000 r-xp 00000000 fe:00 8                          /usr/lib/a b/libc.so.6 (deleted)
      7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]
      ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
      7f0000050000-7f0000040000 r-xp 00000000 fe:00 8                          /backwards
      nonsense r-xp 00000000 fe:00 8                          /nonsense

      """
    #expect(
      ProgramText.ranges(of: maps) == [0x563a_1c20_0000..<0x563a_1e00_0000, 0x7f00_0003_0000..<0x7f00_0004_0000])
  }

  /// The kilobytes of executed files that this process has in memory.
  private static func resident() throws -> Int {
    var (sum, counts) = (0, false)
    for line in try String(contentsOfFile: "/proc/self/smaps", encoding: .utf8).split(separator: "\n") {
      let fields = line.split(separator: " ")
      if !fields[0].hasSuffix(":") { counts = fields[1] == "r-xp" && line.contains("/") }
      if counts, fields[0] == "Rss:" { sum += Int(fields[1]) ?? 0 }
    }
    return sum
  }

  @Test("what was used before leaves the process's memory, and comes back when it is used")
  func release() async {
    await #expect(processExitsWith: .success) {
      // Once for all that the question itself uses.
      _ = try Self.resident()
      let before = try Self.resident()
      ProgramText.release()
      let after = try Self.resident()
      #expect(after * 2 < before, "\(before) kB, then \(after)")
    }
  }
}
