import Glibc

/// Reads files that an operator names.
enum RegularFile {
  /// Why a file was not read.
  enum Fault: Error, Equatable {
    /// The system refused, or the file is of a kind whose reading might never end; in words.
    case unreadable(String)
    /// The file is over its bound.
    case tooLarge
  }

  /// A file's bytes; a pipe or device is refused before it could block, a growing file at its bound.
  ///
  /// - Parameters:
  ///   - path: The file; symbolic links are followed.
  ///   - limit: The most bytes that are read.
  /// - Returns: All of the file.
  /// - Throws: Why there is none of it.
  static func bytes(of path: String, limit: Int) throws(Fault) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(Errno.fileWords(for: errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable("it is not a regular file")
    }
    var body: [UInt8] = []
    while body.count <= limit {
      let wanted = min(65_536, limit + 1 - body.count)
      var count = 0
      let part = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
        repeat { count = read(descriptor, buffer.baseAddress, wanted) } while count < 0 && errno == EINTR
        initialized = max(0, count)
      }
      guard count >= 0 else { throw .unreadable(Errno.fileWords(for: errno)) }
      if count == 0 { return body }
      body += part
    }
    throw .tooLarge
  }
}
