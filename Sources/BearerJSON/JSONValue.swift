/// A JSON value as a tree, for what is off the hot path: key sets, discovery documents, status, the command line.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// Whether both are the same: strings byte for byte, numbers by their text, members in their order.
  package static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }

  /// Reads one text, as strictly as `JSONTape` does.
  ///
  /// - Parameters:
  ///   - bytes: The text.
  ///   - maximumDepth: How deep it may nest.
  ///   - allowsDuplicates: Whether an object may have two members of the same name.
  /// - Throws: `JSONError` with the kind and place of the first fault.
  package init(
    parsing bytes: [UInt8], maximumDepth: Int = JSONTape.maximumDepth, allowsDuplicates: Bool = false
  ) throws(JSONError) {
    var tape = JSONTape(maximumDepth: maximumDepth, allowsDuplicates: allowsDuplicates)
    try tape.read(bytes.span)
    self.init(tape, 0, bytes.span)
  }

  /// The value of one node of a tape.
  package init(_ tape: JSONTape, _ index: Int, _ bytes: Span<UInt8>) {
    switch tape[index].kind {
    case .null: self = .null
    case .true: self = .bool(true)
    case .false: self = .bool(false)
    case .number: self = .number(JSONNumber(source: String(decoding: tape.unescaped(index, bytes), as: UTF8.self)))
    case .string: self = .string(tape.text(index, bytes) ?? "")
    case .array:
      var elements: [JSONValue] = []
      var at = index + 1
      while at < Int(tape[index].next) {
        elements.append(JSONValue(tape, at, bytes))
        at = Int(tape[at].next)
      }
      self = .array(elements)
    case .object:
      var members: [JSONObject.Member] = []
      var at = index + 1
      while at < Int(tape[index].next) {
        members.append(.init(name: tape.text(at, bytes) ?? "", value: JSONValue(tape, at + 1, bytes)))
        at = Int(tape[at + 1].next)
      }
      self = .object(JSONObject(members))
    }
  }

  /// The value of an object's member; `nil` if this is not an object or has no such member.
  package subscript(_ member: String) -> JSONValue? { objectValue?[member] }

  /// The text of a string, else `nil`.
  package var stringValue: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The value of `true` or `false`, else `nil`.
  package var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The value of a number written as an integer that fits, else `nil`.
  package var integerValue: Int64? {
    if case .number(let number) = self { number.integer } else { nil }
  }

  /// The elements of an array, else `nil`.
  package var arrayValue: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The object, else `nil`.
  package var objectValue: JSONObject? {
    if case .object(let object) = self { object } else { nil }
  }

  /// The value as one line of JSON without insignificant space.
  package func serialized() -> [UInt8] {
    var line: [UInt8] = []
    append(to: &line, indentation: nil)
    return line
  }

  /// The value as indented lines of JSON, for people; without a final line end.
  package func prettyPrinted() -> [UInt8] {
    var text: [UInt8] = []
    append(to: &text, indentation: 0)
    return text
  }

  /// Appends the value as JSON: on one line, or indented from `indentation` levels on.
  package func append(to line: inout [UInt8], indentation: Int? = nil) {
    switch self {
    case .null: line.append(json: "null")
    case .bool(let value): line.append(json: value ? "true" : "false")
    case .number(let number): line.append(contentsOf: number.text.utf8)
    case .string(let text): line.append(jsonString: text)
    case .array(let elements):
      Self.appendList(elements, open: "[", close: "]", to: &line, indentation: indentation) { element, line, inner in
        element.append(to: &line, indentation: inner)
      }
    case .object(let object):
      Self.appendList(object.members, open: "{", close: "}", to: &line, indentation: indentation) {
        member, line, inner in
        line.append(jsonString: member.name)
        line.append(json: inner == nil ? ":" : ": ")
        member.value.append(to: &line, indentation: inner)
      }
    }
  }

  private static func appendList<Element>(
    _ elements: [Element], open: StaticString, close: StaticString, to line: inout [UInt8], indentation: Int?,
    _ appendElement: (Element, inout [UInt8], Int?) -> Void
  ) {
    func newLine(_ level: Int) {
      line.append(UInt8(ascii: "\n"))
      line.append(contentsOf: repeatElement(UInt8(ascii: " "), count: level * 2))
    }
    line.append(json: open)
    for (index, element) in elements.enumerated() {
      if index > 0 { line.append(UInt8(ascii: ",")) }
      if let indentation { newLine(indentation + 1) }
      appendElement(element, &line, indentation.map { $0 + 1 })
    }
    if let indentation, !elements.isEmpty { newLine(indentation) }
    line.append(json: close)
  }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// `null`.
  package init(nilLiteral: ()) { self = .null }

  /// `true` or `false`.
  package init(booleanLiteral value: Bool) { self = .bool(value) }

  /// A number.
  package init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }

  /// A string.
  package init(stringLiteral value: String) { self = .string(value) }

  /// An array.
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

  /// An object, in the literal's order; of a repeated name the last value counts.
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (name, value) in elements { object[name] = value }
    self = .object(object)
  }
}
