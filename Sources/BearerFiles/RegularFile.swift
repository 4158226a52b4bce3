import Glibc

/// Reads files that an operator names: the one way, so that none of them can hang or fill the memory.
package enum RegularFile {
  /// Why a file was not read.
  package enum Fault: Error, Equatable, Sendable {
    /// There is no such file.
    case missing
    /// The system refused, or it is of a kind whose reading might never end; in words.
    case unreadable(String)
    /// It is no file that this user owns and nobody else may write.
    case notOurs
    /// It is over its bound, in bytes.
    case tooLarge(Int)

    /// Why, in words that follow "cannot be read: ".
    package var reason: String {
      switch self {
      case .missing: FileErrno.words(for: ENOENT)
      case .unreadable(let words): words
      case .notOurs: "it is no file of this user's alone"
      case .tooLarge(let limit): "it is larger than \(limit) bytes"
      }
    }
  }

  /// A file's bytes; a pipe or device is refused before it could block, a growing file at its bound.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - limit: The most bytes that are read.
  ///   - onlyOurs: Whether symbolic links, and files that others own or may write, are refused.
  /// - Returns: All of the file.
  /// - Throws: Why there is none of it.
  package static func bytes(of path: String, limit: Int, onlyOurs: Bool = false) throws(Fault) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (onlyOurs ? O_NOFOLLOW : 0))
    guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .unreadable(FileErrno.words(for: errno)) }
    defer { close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw .unreadable(FileErrno.words(for: errno)) }
    guard facts.st_mode & S_IFMT == S_IFREG else {
      if onlyOurs { throw .notOurs }
      throw .unreadable(
        facts.st_mode & S_IFMT == S_IFDIR ? FileErrno.words(for: EISDIR) : "it is not a regular file")
    }
    if onlyOurs, facts.st_uid != geteuid() || facts.st_mode & 0o022 != 0 { throw .notOurs }
    return try bytes(of: descriptor, limit: limit, expecting: Int(facts.st_size))
  }

  /// Everything that a descriptor gives up to its end; it may block if that is no regular file.
  ///
  /// - Parameters:
  ///   - descriptor: What is read.
  ///   - limit: The most bytes that are read.
  ///   - size: How many there probably are, so that they are read at once.
  /// - Returns: All of it.
  /// - Throws: Why there is none of it.
  package static func bytes(of descriptor: CInt, limit: Int, expecting size: Int = 0) throws(Fault) -> [UInt8] {
    var body: [UInt8] = []
    while body.count <= limit {
      let wanted = min(max(65_536, size - body.count), limit + 1 - body.count)
      var count = 0
      let part = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
        repeat { count = read(descriptor, buffer.baseAddress, wanted) } while count < 0 && errno == EINTR
        initialized = max(0, count)
      }
      guard count >= 0 else { throw .unreadable(FileErrno.words(for: errno)) }
      if count == 0 { return body }
      if body.isEmpty { body = part } else { body += part }
    }
    throw .tooLarge(limit)
  }
}
