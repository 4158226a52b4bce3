import Glibc

/// Standard output, line by line.
enum StandardOutput {
  /// Writes a line at once; into a pipe, the C library alone would keep it back.
  static func write(line: String) {
    print(line)
    fflush(nil)
  }
}
