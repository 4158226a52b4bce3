internal import BearerFiles

/// What the kernel allows the process's control group (cgroups(7)).
package enum ControlGroup {
  /// How many bytes of memory its processes may have together; nil if there is no bound.
  package static var memoryBytes: Int? {
    first { memory(of: $0("memory.max")) }
      ?? memory(of: KernelFile.text(of: "/sys/fs/cgroup/memory/memory.limit_in_bytes"))
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
    let own = KernelFile.text(of: "/proc/self/cgroup").split(separator: "\n").first { $0.hasPrefix("0::/") }?.dropFirst(
      3)
    for directory in [own.map(String.init), ""].compactMap(\.self) {
      if let value = find({ KernelFile.text(of: "/sys/fs/cgroup\(directory)/\($0)") }) { return value }
    }
    return nil
  }
}
