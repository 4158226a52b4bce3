import BearerDevIssuer
import BearerJSON
import Foundation
import Testing

@Suite final class KeyDirectoryTests {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "bearerd-keys-" + RandomIdentifier.makeHexadecimal(byteCount: 8)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  @Test("a directory that does not exist has no keys")
  func missingDirectory() throws {
    #expect(try KeyDirectory(path: path).keys().isEmpty)
    #expect(try KeyDirectory(path: path).lastIssuerURL() == nil)
  }

  @Test("a first use makes one RS256 key, and a second use keeps it")
  func firstUse() throws {
    let directory = KeyDirectory(path: path)
    try directory.prepare([])
    let keys = try directory.keys()
    #expect(keys.map(\.algorithm) == [.rs256])
    try directory.prepare([])
    try directory.prepare([.rs256])
    #expect(try directory.keys().map(\.kid) == keys.map(\.kid))
    try directory.prepare([.es256, .es256])
    #expect(try directory.keys().map(\.algorithm) == [.rs256, .es256])
  }

  @Test("a key read back is the key that was written")
  func roundTrip() throws {
    let directory = KeyDirectory(path: path)
    try directory.prepare([.es256, .edDSA, .ed448])
    let first = try directory.keys()
    let second = try KeyDirectory(path: path).keys()
    #expect(first.map(\.algorithm) == [.es256, .edDSA, .ed448])
    #expect(first.map(\.jwk) == second.map(\.jwk))
  }

  @Test("nobody else can read the keys")
  func permissions() throws {
    let directory = KeyDirectory(path: path + "/a/b")
    try directory.prepare([.es256])
    func mode(_ path: String) throws -> Int? {
      (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: path + "/a/b")
    #expect(files.count == 1)
    #expect(try mode(path + "/a/b") == 0o700)
    #expect(try files.map { try mode(path + "/a/b/" + $0) } == [0o600])
  }

  @Test("a rotation adds a key to each algorithm and keeps as many older ones as asked")
  func rotation() throws {
    let directory = KeyDirectory(path: path)
    try directory.prepare([.es256, .edDSA])
    let original = try directory.keys().map(\.kid)

    let first = try directory.rotate(keep: 1)
    #expect(first.added.count == 2)
    #expect(first.removed.isEmpty)
    #expect(try directory.keys().map(\.kid) == original + first.added)
    #expect(try directory.newestKey(for: .es256)?.kid == first.added.first)

    let second = try directory.rotate([.es256], keep: 1)
    #expect(second.removed == [original[0]])
    #expect(try directory.keys().map(\.kid) == [original[1]] + first.added + second.added)

    let third = try directory.rotate(keep: 0)
    #expect(try directory.keys().map(\.kid) == third.added)
  }

  @Test("a rotation of an empty directory makes the first key")
  func rotationFromNothing() throws {
    let directory = KeyDirectory(path: path)
    let rotation = try directory.rotate(keep: 1)
    #expect(try directory.keys().map(\.algorithm) == [.rs256])
    #expect(try directory.keys().map(\.kid) == rotation.added)
  }

  @Test("a new key takes the name that it is given, dashes and all")
  func chosenName() throws {
    let directory = KeyDirectory(path: path)
    let rotation = try directory.rotate([.es256], keep: 0, kid: "my-own-Key_1.~")
    #expect(rotation.added == ["my-own-Key_1.~"])
    #expect(try directory.key(kid: "my-own-Key_1.~").algorithm == .es256)
  }

  @Test("a name that would leave the directory is refused", arguments: ["", "../x", "a/b", "a b", "é"])
  func unusableName(name: String) throws {
    #expect {
      try KeyDirectory(path: path).rotate([.es256], keep: 0, kid: name)
    } throws: { error in
      guard case .unusableKeyName(name) = error as? DevIssuerError else { return false }
      return true
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("several processes that begin at once agree on one key")
  func concurrentFirstUse() async throws {
    let path = path
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        // An RSA key takes long enough to make that all of them look before the first has written.
        group.addTask { try KeyDirectory(path: path).prepare([.rs256]) }
      }
      try await group.waitForAll()
    }
    #expect(try KeyDirectory(path: path).keys().count == 1)
  }

  @Test("a file that is no key is named, not skipped")
  func foreignFile() throws {
    let directory = KeyDirectory(path: path)
    try directory.prepare([.es256])
    let file = path + "/000009-ES256-bad.pem"
    try Data("-----BEGIN NOTHING-----".utf8).write(to: URL(filePath: file))
    #expect {
      try directory.keys()
    } throws: { error in
      guard case .unreadableKey(file) = error as? DevIssuerError else { return false }
      return true
    }
  }

  @Test("the newest RS256 key signs by default, and without one the newest key")
  func defaultKey() throws {
    let directory = KeyDirectory(path: path)
    try directory.prepare([.es256])
    #expect(try directory.defaultKey().algorithm == .es256)
    try directory.prepare([.rs256])
    try directory.prepare([.edDSA])
    #expect(try directory.defaultKey().algorithm == .rs256)
  }

  @Test("the issuer's URL is remembered and replaced")
  func rememberedURL() throws {
    let directory = KeyDirectory(path: path)
    try directory.prepare([.es256])
    try directory.remember(issuerURL: "http://127.0.0.1:1")
    try directory.remember(issuerURL: "http://127.0.0.1:2")
    #expect(try directory.lastIssuerURL() == "http://127.0.0.1:2")
    #expect(try directory.keys().count == 1)
  }

  @Test("a directory is removed with its keys, and never with what is somebody else's")
  func removal() throws {
    let directory = KeyDirectory(path: path)
    try directory.prepare([.es256, .edDSA])
    try directory.remember(issuerURL: "http://127.0.0.1:1")
    try Data().write(to: URL(filePath: path + "/notes"))
    #expect(throws: DevIssuerError.self) { try directory.removeAll() }
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["notes"])
    try FileManager.default.removeItem(atPath: path + "/notes")
    try directory.removeAll()
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
