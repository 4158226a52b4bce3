import BearerFiles
import BearerTOML
import Glibc

/// Reads a configuration file, with a bound on its size.
enum ConfigurationFile {
  /// The largest file that is read, in bytes; one of a thousand issuers and policies takes a tenth of it.
  static let longest = 1_048_576

  /// The bytes of a file.
  ///
  /// - Throws: A fault that names the file and says what to do.
  static func read(_ path: String) throws(ConfigurationFault) -> [UInt8] {
    do throws(RegularFile.Fault) {
      return try RegularFile.bytes(of: path, limit: longest)
    } catch {
      guard error != .missing else {
        throw ConfigurationFault(
          place: path, expected: "a configuration file there, --config FILE, or --issuer URL with --audience AUD",
          message: error.reason)
      }
      throw ConfigurationFault(place: path, message: "user \(geteuid()) cannot read it: \(error.reason)")
    }
  }
}
