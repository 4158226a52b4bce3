import Glibc

/// A directory whose files only their owner can read, and which several processes use at once.
///
/// Files appear and change by `rename`, so that a reader sees an old or a new file and never half of one. Writers that
/// must first look exclude each other by a lock on the directory itself, which dies with its process.
struct PrivateDirectory: Sendable {
  let path: String

  /// Makes the directory (mode 0700) and, where they are missing, its parents.
  func create() throws(DevIssuerError) {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/") {
      prefix += component + "/"
      if mkdir(prefix, 0o700) != 0 && errno != EEXIST {
        throw .file(operation: "create", path: prefix, code: errno)
      }
    }
  }

  /// The names of its files in order, without those that begin with a dot; empty if there is no directory.
  func names() throws(DevIssuerError) -> [String] {
    guard let stream = opendir(path) else {
      if errno == ENOENT { return [] }
      throw .file(operation: "read", path: path, code: errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// A file's bytes, or nil if there is no such file.
  func read(_ name: String) throws(DevIssuerError) -> [UInt8]? {
    let file = path + "/" + name
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 {
      if errno == ENOENT { return nil }
      throw .file(operation: "read", path: file, code: errno)
    }
    defer { close(descriptor) }
    var contents: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { return contents }
      if count < 0 {
        if errno == EINTR { continue }
        throw .file(operation: "read", path: file, code: errno)
      }
      contents += chunk.prefix(count)
    }
  }

  /// Writes a file (mode 0600) in place of what was there.
  func replace(_ name: String, with contents: [UInt8]) throws(DevIssuerError) {
    let file = path + "/" + name
    let draft = path + "/." + name + "." + RandomIdentifier.makeHexadecimal(byteCount: 4)
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw .file(operation: "write", path: file, code: errno) }
    var fault: CInt = 0
    var written = 0
    while fault == 0 && written < contents.count {
      let count = contents[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 { written += count } else if errno != EINTR { fault = errno }
    }
    if close(descriptor) != 0 && fault == 0 { fault = errno }
    if fault == 0 && rename(draft, file) != 0 { fault = errno }
    if fault != 0 {
      unlink(draft)
      throw .file(operation: "write", path: file, code: fault)
    }
  }

  /// Removes a file, if it is there.
  func remove(_ name: String) throws(DevIssuerError) {
    let file = path + "/" + name
    if unlink(file) != 0 && errno != ENOENT { throw .file(operation: "remove", path: file, code: errno) }
  }

  /// Removes the directory, which must be empty, if it is there.
  func removeEmpty() throws(DevIssuerError) {
    if rmdir(path) != 0 && errno != ENOENT { throw .file(operation: "remove", path: path, code: errno) }
  }

  /// Runs `body` while no other process or task does so on this directory.
  func withLock<Result>(_ body: () throws(DevIssuerError) -> Result) throws(DevIssuerError) -> Result {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if descriptor < 0 { throw .file(operation: "lock", path: path, code: errno) }
    // Closing the descriptor is what releases the lock.
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
      if errno != EINTR { throw .file(operation: "lock", path: path, code: errno) }
    }
    return try body()
  }
}
