import Foundation

/// A new directory that is removed with this object; its path is short, because a socket's must be.
final class ShortDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/bearerd-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of something in it.
  func file(_ name: String) -> String { "\(path)/\(name)" }
}
