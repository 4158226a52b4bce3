import BearerJSON
import Foundation
import Testing

/// One file of `Vectors/tokens`: a token, what is asked about it, and the answer; `Vectors/README.md` has the format.
struct Vector: Sendable, CustomTestStringConvertible {
  /// What a file that is not in the format is refused with.
  enum Fault: Error, Equatable {
    case noEmptyLine
    case notAHeader(String)
    case unknownHeader(String)
    case repeatedHeader(String)
    case missingHeader(String)
    case badValue(String)
    case noFinalLineFeed
    case badEscape
    case tokenAndAuthorization
  }

  /// What a client would send.
  enum Input: Equatable, Sendable {
    case token([UInt8])
    case authorization(String)
  }

  static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors")

  /// The path below `tokens`, without extension.
  let name: String
  /// `accept`, or a code.
  let expect: String
  /// The claim that the error must name; `nil` leaves it open.
  let claim: String?
  /// The reason that step-up must give; `nil` leaves it open.
  let reason: String?
  let comment: String
  let policy: String
  let keys: String
  /// What the issuer `main` may use instead of its own list.
  let algorithms: [String]?
  let now: Int64
  let request: JSONObject?
  let input: Input

  var testDescription: String { name }

  init(name: String, parsing bytes: [UInt8]) throws {
    guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: [0x0A, 0x0A]) }) else {
      throw Fault.noEmptyLine
    }
    var headers: [String: String] = [:]
    for line in String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    {
      guard let colon = line.range(of: ": ") else { throw Fault.notAHeader(String(line)) }
      let key = String(line[..<colon.lowerBound])
      if headers.updateValue(String(line[colon.upperBound...]), forKey: key) != nil { throw Fault.repeatedHeader(key) }
    }
    func required(_ key: String) throws -> String {
      guard let value = headers.removeValue(forKey: key) else { throw Fault.missingHeader(key) }
      return value
    }
    self.name = name
    expect = try required("expect")
    comment = try required("comment")
    policy = try required("policy")
    keys = try required("keys")
    guard let now = Int64(try required("now")) else { throw Fault.badValue("now") }
    self.now = now
    claim = headers.removeValue(forKey: "claim")
    reason = headers.removeValue(forKey: "reason")
    algorithms = headers.removeValue(forKey: "algorithms")?.split(separator: " ").map(String.init)
    request = try headers.removeValue(forKey: "request").map { text in
      guard let object = try JSONValue(parsing: Array(text.utf8)).objectValue else { throw Fault.badValue("request") }
      return object
    }
    let authorization = try headers.removeValue(forKey: "authorization").map { text in
      guard let value = try JSONValue(parsing: Array(text.utf8)).stringValue else {
        throw Fault.badValue("authorization")
      }
      return value
    }
    let encoding = headers.removeValue(forKey: "encoding")
    if let unknown = headers.keys.min() { throw Fault.unknownHeader(unknown) }
    guard bytes.last == 0x0A, bytes.count > end + 2 else { throw Fault.noFinalLineFeed }
    let body = Array(bytes[(end + 2)..<(bytes.count - 1)])
    switch (authorization, encoding) {
    case (let value?, nil):
      guard body.isEmpty else { throw Fault.tokenAndAuthorization }
      input = .authorization(value)
    case (nil, nil): input = .token(body)
    case (nil, "escaped"): input = .token(try Self.unescaped(body))
    default: throw Fault.badValue("encoding")
    }
  }

  /// Undoes `\xNN`, the only escape.
  private static func unescaped(_ body: [UInt8]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = body[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      guard rest.popFirst() == UInt8(ascii: "x"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { throw Fault.badEscape }
      rest = rest.dropFirst(2)
      bytes.append(value)
    }
    return bytes
  }

  /// Every vector, ordered by name.
  static func all() throws -> [Vector] {
    let root = directory.appending(path: "tokens")
    return try FileManager.default.subpathsOfDirectory(atPath: root.path(percentEncoded: false))
      .filter { $0.hasSuffix(".vector") }.sorted().map { path in
        let bytes = try Data(contentsOf: root.appending(path: path))
        return try Vector(name: String(path.dropLast(".vector".count)), parsing: Array(bytes))
      }
  }

  /// Every vector with a token.
  static func tokens() throws -> [Vector] {
    try all().filter { if case .token = $0.input { true } else { false } }
  }
}
