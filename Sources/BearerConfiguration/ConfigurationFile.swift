import BearerTOML
import Glibc

/// Reads a configuration file, with a bound on its size.
enum ConfigurationFile {
  /// The largest file that is read, in bytes; a real one has a few thousand, `/dev/zero` has no end.
  static let longest = 1_048_576

  /// The bytes of a file.
  ///
  /// - Throws: A fault that names the file and says what to mend.
  static func read(_ path: String) throws(ConfigurationFault) -> [UInt8] {
    // A pipe or a device is refused before it could block.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw fault(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw fault(path, errno) }
    if status.st_mode & S_IFMT == S_IFDIR { throw fault(path, EISDIR) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ConfigurationFault(place: path, expected: "a file", message: "this is a pipe, a socket or a device")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw fault(path, errno) }
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= longest else {
        throw ConfigurationFault(
          place: path, expected: "at most \(longest) bytes", message: "too large for a configuration file")
      }
    }
  }

  private static func fault(_ path: String, _ code: Int32) -> ConfigurationFault {
    switch code {
    case ENOENT:
      ConfigurationFault(
        place: path, expected: "a configuration file there, --config FILE, or --issuer URL with --audience AUD",
        message: "there is no such file")
    case EACCES:
      ConfigurationFault(place: path, message: "the file may not be read by user \(geteuid()) (permission denied)")
    case EISDIR:
      ConfigurationFault(place: path, expected: "a file", message: "this is a directory")
    default:
      ConfigurationFault(place: path, message: "cannot be read: \(String(cString: strerror(code)))")
    }
  }
}
