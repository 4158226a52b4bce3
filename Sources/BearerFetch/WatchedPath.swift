import Glibc

/// The directory entries that decide which file a path names, links included.
enum WatchedPath {
  /// One name in one directory.
  struct Entry: Hashable, Sendable {
    /// A directory without symbolic links.
    var directory: String
    /// A name in it: a directory, a link, the file, or what is missing.
    var name: String
  }

  /// Every entry on the way to a file, as it stands now; ends at the first that is missing.
  ///
  /// Whoever replaces any of them changes what the path means: `mv new jwks.json`, a release link that is switched, or
  /// the `..data` link of a Kubernetes volume.
  static func entries(of path: String) -> [Entry] {
    var directory = path.hasPrefix("/") ? "/" : "."
    var pending = Array(path.split(separator: "/").map(String.init).reversed())
    var links = 0
    var entries: [Entry] = []
    while let name = pending.popLast() {
      if name == "." { continue }
      if name == ".." {
        directory += "/.."
        continue
      }
      entries.append(Entry(directory: directory, name: name))
      let full = directory.hasSuffix("/") ? directory + name : directory + "/" + name
      if let target = target(ofLink: full) {
        links += 1
        guard links <= FetchLimits.symbolicLinks else { return entries }
        if target.hasPrefix("/") { directory = "/" }
        pending += target.split(separator: "/").map(String.init).reversed()
      } else {
        guard access(full, F_OK) == 0 else { return entries }
        directory = full
      }
    }
    return entries
  }

  private static func target(ofLink path: String) -> String? {
    var count = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, initialized in
      count = buffer.withMemoryRebound(to: CChar.self) { text in
        text.baseAddress.map { readlink(path, $0, text.count) } ?? 0
      }
      initialized = max(0, count)
    }
    return count > 0 ? String(decoding: bytes, as: UTF8.self) : nil
  }
}
