import BearerFiles
import Testing

@Suite struct FilePathTests {
  @Test(
    "the directory of a file",
    arguments: [
      ("/run/bearerd/b.sock", "/run/bearerd"), ("/b.sock", "/"), ("b.sock", "."), ("run/b.sock", "run"), ("/", "/"),
      ("", "."), ("/run//b.sock", "/run/"), ("/run/\u{301}b.sock", "/run"),
    ])
  func directory(path: String, directory: String) {
    #expect(Array(FilePath.directory(of: path).utf8) == Array(directory.utf8))
  }
}
