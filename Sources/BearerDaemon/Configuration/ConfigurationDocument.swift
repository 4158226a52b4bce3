import TOMLKit

/// The file's content as plain values, with the line of each key.
struct ConfigurationDocument {
  /// Everything outside any table, tables included.
  var root: [String: ConfigurationValue] = [:]
  private var outline: TOMLOutline?

  /// A document without content, for configurations that come from flags alone.
  init() {}

  /// Reads TOML 1.0.
  ///
  /// - Throws: One fault, with line and column where they are known.
  init(parsing bytes: [UInt8]) throws(ConfigurationFault) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationFault(place: "", line: Self.lineOfInvalidUTF8(bytes), message: "the file is not UTF-8")
    }
    let outline = try TOMLOutline(scanning: bytes)
    let table: TOMLTable
    do {
      table = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw ConfigurationFault(
        place: "", line: error.source.begin.line, column: error.source.begin.column,
        message: "not TOML: \(error.description)")
    } catch {
      throw ConfigurationFault(place: "", message: "not TOML")
    }
    self.outline = outline
    root = Self.members(of: table)
  }

  /// The line of the key at a path, or of the nearest key around it.
  func line(of path: [String]) -> Int? { outline?.line(of: path) }

  private static func members(of table: TOMLTable) -> [String: ConfigurationValue] {
    var members: [String: ConfigurationValue] = [:]
    for key in table.keys {
      if let value = table[key] { members[key] = convert(value) }
    }
    return members
  }

  private static func convert(_ value: any TOMLValueConvertible) -> ConfigurationValue {
    if let text = value.string { return .string(text) }
    if let number = value.int { return .integer(Int64(number)) }
    if let truth = value.bool { return .boolean(truth) }
    if let table = value.table { return .table(members(of: table)) }
    if let array = value.array { return .array(array.map(convert)) }
    if let number = value.double { return .float("\(number)") }
    return .date(value.debugDescription)
  }

  private static func lineOfInvalidUTF8(_ bytes: [UInt8]) -> Int {
    var line = 1
    for candidate in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      if String(validating: candidate, as: UTF8.self) == nil { break }
      line += 1
    }
    return line
  }
}
