import BearerClaims
import BearerJSON
import Foundation

/// Any bytes as JSON: read as the slow reader reads them, and written so that reading gives the same again.
struct JSONFuzz: FuzzTarget {
  private var tape = JSONTape()

  static func seeds() throws -> [[UInt8]] {
    try Seeds.json()
  }

  init() {}

  mutating func feed(_ input: [UInt8]) {
    let slow = SlowJSON.read(input)
    let bytes = input.span
    do throws(JSONError) {
      try tape.read(bytes)
    } catch {
      require(slow == nil, "refused although it is JSON: \(error)")
      require((0...input.count).contains(error.offset), "the fault is outside of the text")
      require(tape.count == 0, "a refused text left nodes")
      return
    }
    require(slow != nil, "read although it is not the JSON that is accepted")
    let value = JSONValue(tape, 0, bytes)
    require(SlowJSON(value) == slow, "another value")

    for line in [value.serialized(), source(0, bytes)] {
      require(line.allSatisfy { $0 >= 0x20 }, "a control character was written")
      require(SlowJSON.read(line) == slow, "written as another value")
    }
    require(SlowJSON.read(value.prettyPrinted()) == slow, "printed as another value")
    for index in 0..<tape.count { ask(about: index, bytes) }
  }

  private func source(_ index: Int, _ bytes: Span<UInt8>) -> [UInt8] {
    var line: [UInt8] = []
    tape.appendSource(index, bytes, to: &line)
    return line
  }

  /// Every question that checks of tokens and requests ask.
  private func ask(about index: Int, _ bytes: Span<UInt8>) {
    let value = tape.unescaped(index, bytes)
    switch tape[index].kind {
    case .string:
      require(tape.string(index, equals: value, bytes), "a string is not itself")
      require(!tape.string(index, equals: value + [0x20], bytes), "a string is longer than itself")
      require(tape.containsNUL(index, bytes) == value.contains(0), "NUL")
      require(tape.text(index, bytes).map { Array($0.utf8) } == value, "the text is not UTF-8")
    case .number:
      let text = String(decoding: value, as: UTF8.self)
      require(tape.integer(index, bytes) == Int64(text), "another integer: \(text)")
      compareDate(NumericDate(tape, index, bytes), text)
    case .object:
      var name = index + 1
      while name < Int(tape[index].next) {
        require(tape.value(of: tape.unescaped(name, bytes), in: index, bytes) == name + 1, "a member is not found")
        name = Int(tape[name + 1].next)
      }
    default: break
    }
  }

  /// As exact as floating point tells.
  private func compareDate(_ date: NumericDate?, _ text: String) {
    guard let value = Double(text) else { return require(date == nil, "a date that is no number: \(text)") }
    if value < 0 || value > Double(NumericDate.maximumSeconds) + 1 {
      require(date == nil, "a date out of range: \(text)")
    } else if value < Double(NumericDate.maximumSeconds), text.first != "-" {
      let microseconds = Double(date?.microseconds ?? -1)
      require(date != nil && abs(microseconds / 1e6 - value) < 0.001, "another date: \(text)")
    }
  }
}

extension SlowJSON {
  /// The value in the slow reader's terms.
  init(_ value: JSONValue) {
    switch value {
    case .null: self = .word("null")
    case .bool(let flag): self = .word(flag ? "true" : "false")
    case .number(let number): self = .number(number.text)
    case .string(let text): self = .string(Array(text.unicodeScalars))
    case .array(let elements): self = .array(elements.map(SlowJSON.init))
    case .object(let object):
      self = .object(object.members.map { (Array($0.name.unicodeScalars), SlowJSON($0.value)) })
    }
  }
}
