internal import Glibc

/// What the kernel allows the process's control group (cgroups(7)).
package enum ControlGroup {
  /// How many bytes of memory its processes may have together; nil if there is no bound.
  package static var memoryBytes: Int? {
    first { memory(of: $0("memory.max")) } ?? memory(of: text(of: "/sys/fs/cgroup/memory/memory.limit_in_bytes"))
  }

  /// The bound in a `memory.max`, or a `memory.limit_in_bytes`, whose "no bound" is a number beyond all memory.
  package static func memory(of text: String) -> Int? {
    Int(text.filter { !$0.isWhitespace }).flatMap { (1...1 << 50).contains($0) ? $0 : nil }
  }

  /// What `find` finds in the process's own group (version 2), or else in the outermost that a container sees.
  ///
  /// - Parameter find: Gets a function that reads a file of the group by its name; `nil` if it finds nothing.
  /// - Returns: What it found.
  static func first<Value>(_ find: ((String) -> String) -> Value?) -> Value? {
    let own = text(of: "/proc/self/cgroup").split(separator: "\n").first { $0.hasPrefix("0::/") }?.dropFirst(3)
    for directory in [own.map(String.init), ""].compactMap(\.self) {
      if let value = find({ text(of: "/sys/fs/cgroup\(directory)/\($0)") }) { return value }
    }
    return nil
  }

  /// A file's text; empty if it cannot be read.
  static func text(of path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    // The kernel makes these files: they are never larger than this, and reading them cannot block.
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
  }
}
