/// Where in a TOML text each key stands, and whether the text may be given to the TOML library at all.
///
/// The library tells lines only for texts that it refuses, but a fault such as an unknown key must name its line too.
/// It also builds and frees nested tables by recursion, so that `a.a.a…` of half a megabyte would end the process with
/// a stack overflow, and it hands strings over as C strings, so that a NUL would silently end a text or a value. This
/// one pass over the bytes finds the lines and refuses what could do either.
///
/// It understands just enough of TOML 1.0: comments, the four kinds of strings, brackets, dotted keys. On anything that
/// is not TOML it stops; the library stops at the same place or before, and says why.
struct TOMLOutline {
  /// Tables and arrays in each other, and parts of one dotted key; the configuration needs four.
  static let deepestNesting = 16

  private(set) var lines: [[String]: Int] = [:]
  private let bytes: [UInt8]
  private var index = 0
  private var line = 1

  /// Scans a text.
  ///
  /// - Throws: A fault for a NUL, written as a byte or as an escape, for nesting deeper than ``deepestNesting``, and for
  ///   what the library asserts is not there.
  init(scanning bytes: [UInt8]) throws(ConfigurationFault) {
    self.bytes = bytes
    if let position = bytes.firstIndex(of: 0) {
      let line = bytes[..<position].count { $0 == UInt8(ascii: "\n") } + 1
      throw ConfigurationFault(place: "", line: line, message: "there is a NUL byte in the file")
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    try scan()
  }

  /// The line of the key at a path; of the nearest key around it, if it has no line of its own.
  func line(of path: [String]) -> Int? {
    var path = path[...]
    while !path.isEmpty {
      if let line = lines[Array(path)] { return line }
      path = path.dropLast()
    }
    return nil
  }

  // MARK: Scanning

  private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func advance() {
    if byte == UInt8(ascii: "\n") { line += 1 }
    index += 1
  }

  private mutating func scan() throws(ConfigurationFault) {
    var table: [String] = []
    while true {
      skipSpaceAndComments(acrossLines: true)
      guard let first = byte else { return }
      if first == UInt8(ascii: "[") {
        try refuseHeaderWithoutName()
        while byte == UInt8(ascii: "[") { advance() }
        guard let header = try dottedKey() else { return }
        table = header
        note(table)
        while byte == UInt8(ascii: "]") { advance() }
      } else {
        let start = line
        guard let key = try dottedKey(), byte == UInt8(ascii: "=") else { return }
        advance()
        note(table + key, at: start)
        guard try skipValue() else { return }
      }
    }
  }

  /// Refuses a table's header in which neither a name nor its end follows the brackets: the library asserts that one does,
  /// and would end the process.
  private func refuseHeaderWithoutName() throws(ConfigurationFault) {
    let inside = bytes[index...].dropFirst(bytes[index...].starts(with: "[[".utf8) ? 2 : 1)
    guard let next = inside.first(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else { return }
    if Self.isBareKeyByte(next) || "\"']".utf8.contains(next) { return }
    throw ConfigurationFault(place: "", line: line, message: "not TOML: a table's header without a name")
  }

  /// Remembers where a key stands first, and the tables on the way to it, which may have no line of their own.
  private mutating func note(_ path: [String], at line: Int? = nil) {
    for count in 1...max(1, path.count) where lines[Array(path.prefix(count))] == nil {
      lines[Array(path.prefix(count))] = line ?? self.line
    }
  }

  private mutating func skipSpaceAndComments(acrossLines: Bool) {
    while let byte {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): index += 1
      case UInt8(ascii: "\n") where acrossLines: advance()
      case UInt8(ascii: "#"): while let next = self.byte, next != UInt8(ascii: "\n") { index += 1 }
      default: return
      }
    }
  }

  /// Reads `a.b."c d"`, up to what follows it; `nil` if that is not what stands here.
  private mutating func dottedKey() throws(ConfigurationFault) -> [String]? {
    var parts: [String] = []
    while true {
      skipSpaceAndComments(acrossLines: false)
      guard let first = byte else { return nil }
      let start = index
      if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
        guard try skipString() else { return nil }
        parts.append(String(decoding: bytes[(start + 1)..<(index - 1)], as: UTF8.self))
      } else {
        while let byte, Self.isBareKeyByte(byte) { index += 1 }
        guard index > start else { return nil }
        parts.append(String(decoding: bytes[start..<index], as: UTF8.self))
      }
      guard parts.count <= Self.deepestNesting else { throw tooDeep }
      skipSpaceAndComments(acrossLines: false)
      guard byte == UInt8(ascii: ".") else { return parts }
      index += 1
    }
  }

  /// Skips a value up to the end of its line; false if it never ends.
  private mutating func skipValue() throws(ConfigurationFault) -> Bool {
    var depth = 0
    var dots = 0
    while let byte {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        guard try skipString() else { return false }
        continue
      case UInt8(ascii: "#"):
        skipSpaceAndComments(acrossLines: false)
        continue
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        dots = 0
        guard depth <= Self.deepestNesting else { throw tooDeep }
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
      case UInt8(ascii: ","), UInt8(ascii: "="):
        dots = 0
      case UInt8(ascii: "."):
        dots += 1
        guard dots < Self.deepestNesting else { throw tooDeep }
      case UInt8(ascii: ":"):
        // Only a time has one outside of quotes, or a text that lacks them. The library asserts that a digit follows the
        // T of a date with a time, and would end the process.
        throw ConfigurationFault(
          place: "", line: line, message: "a value with a colon in it stands without quotes; write \"…\" around it")
      case UInt8(ascii: "\n") where depth <= 0:
        return true
      default:
        break
      }
      advance()
    }
    return true
  }

  /// Skips a string of any of the four kinds; false if it never ends.
  private mutating func skipString() throws(ConfigurationFault) -> Bool {
    guard let quote = byte else { return false }
    let isBasic = quote == UInt8(ascii: "\"")
    let isMultiline = bytes[index...].starts(with: [quote, quote, quote])
    index += isMultiline ? 3 : 1
    while let byte {
      if byte == quote {
        if !isMultiline {
          index += 1
          return true
        }
        if bytes[index...].starts(with: [quote, quote, quote]) {
          index += 3
          // One or two more quotes belong to the string's end: """a"""" is a string that ends in a quote.
          for _ in 0..<2 where self.byte == quote { index += 1 }
          return true
        }
      }
      if byte == UInt8(ascii: "\n"), !isMultiline { return false }
      if byte == UInt8(ascii: "\\"), isBasic {
        let rest = bytes[(index + 1)...]
        if rest.starts(with: Array("u0000".utf8)) || rest.starts(with: Array("U00000000".utf8)) {
          throw ConfigurationFault(place: "", line: line, message: "a string has a NUL character in it")
        }
        index += 1
      }
      advance()
    }
    return false
  }

  private var tooDeep: ConfigurationFault {
    ConfigurationFault(
      place: "", line: line, message: "tables, arrays or dotted keys are nested more than \(Self.deepestNesting) deep")
  }

  private static func isBareKeyByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
