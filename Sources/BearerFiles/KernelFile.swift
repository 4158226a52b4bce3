import Glibc

/// Files that the kernel makes up when they are read (proc(5), cgroups(7)): reading them waits for no disk.
package enum KernelFile {
  /// The text of such a file; empty if it cannot be read.
  package static func text(of path: String) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var text: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while case let count = read(descriptor, &part, part.count), count > 0 { text += part[..<count] }
    return String(decoding: text, as: UTF8.self)
  }
}
