import BearerFiles
import Foundation
import Testing

@Suite struct RegularFileTests {
  private final class Directory {
    let path = NSTemporaryDirectory() + "bearerd-files-\(UUID().uuidString)"
    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private let directory: Directory

  init() throws { directory = try Directory() }

  private func file(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
    let path = directory.path + "/" + name
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    return path
  }

  private func fault(_ path: String, limit: Int = 10, onlyOurs: Bool = false) -> RegularFile.Fault? {
    do throws(RegularFile.Fault) {
      _ = try RegularFile.bytes(of: path, limit: limit, onlyOurs: onlyOurs)
      return nil
    } catch {
      return error
    }
  }

  @Test("a file is read up to its bound, links are followed")
  func read() throws {
    let path = try file("a", "0123456789")
    #expect(try RegularFile.bytes(of: path, limit: 10) == Array("0123456789".utf8))
    #expect(fault(path, limit: 9) == .tooLarge(9))
    let link = directory.path + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    #expect(try RegularFile.bytes(of: link, limit: 10).count == 10)
    #expect(fault(link, onlyOurs: true) != nil)
  }

  @Test("what is no file is refused, and does not block")
  func others() {
    #expect(fault(directory.path + "/none") == .missing)
    #expect(fault(directory.path) == .unreadable("it is a directory"))
    let pipe = directory.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(fault(pipe) == .unreadable("it is not a regular file"))
    #expect(fault("/dev/zero") == .unreadable("it is not a regular file"))
  }

  @Test("where only this user's files count, one that others may write is refused")
  func ours() throws {
    #expect(fault(try file("mine", "x"), onlyOurs: true) == nil)
    #expect(fault(try file("shared", "x", mode: 0o620), onlyOurs: true) == .notOurs)
    #expect(fault(try file("shared", "x", mode: 0o620)) == nil)
  }

  @Test(
    "who else may write is told by owner and mode",
    arguments: [
      (FileRights(owner: 0, group: 0, mode: 0o644), nil), (FileRights(owner: 7, group: 7, mode: 0o600), nil),
      (FileRights(owner: 0, group: 0, mode: 0o664), nil),
      (FileRights(owner: 8, group: 7, mode: 0o600), .init("it belongs to user 8", command: "chown root")),
      (FileRights(owner: 0, group: 33, mode: 0o664), .init("group 33 may write it", command: "chmod g-w")),
      (FileRights(owner: 7, group: 7, mode: 0o602), .init("every user may write it", command: "chmod go-w")),
    ] as [(FileRights, FileRights.Intruder?)])
  func writers(_ rights: FileRights, _ writer: FileRights.Intruder?) {
    #expect(rights.foreignWriter(besides: 7) == writer)
    // Where root's would not do, it is to be the user's.
    let command = rights.foreignWriter(besides: 7, rightfulOwner: 7)?.command
    #expect(command == (writer?.command == "chown root" ? "chown 7" : writer?.command))
  }

  @Test("who else may read is told for all and for one group")
  func readers() {
    let everyone = FileRights.Intruder("every user may read it", command: "chmod o-r")
    #expect(FileRights(owner: 0, group: 5, mode: 0o644).foreignReader(ofGroup: nil) == everyone)
    #expect(
      FileRights(owner: 0, group: 5, mode: 0o640).foreignReader(ofGroup: 5)
        == .init("group 5 may read it", command: "chmod g-r"))
    #expect(FileRights(owner: 0, group: 5, mode: 0o640).foreignReader(ofGroup: 6) == nil)
    #expect(FileRights(owner: 0, group: 5, mode: 0o600).foreignReader(ofGroup: 5) == nil)
  }
}
