import Glibc

/// Lines for whoever reads this program's output.
enum StandardOutput {
  /// Writes a line at once, also into a pipe, where the C library would keep it back.
  static func write(line: String) {
    print(line)
    fflush(nil)
  }
}
