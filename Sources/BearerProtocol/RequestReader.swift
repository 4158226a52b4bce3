import BearerClaims
import BearerJSON

/// Reads request lines; one reader serves one event loop and reuses its memory from line to line.
///
/// It is strict where it matters for the verdict: a member that it does not know, `null`, a wrong type and an empty
/// value are all refused by name, because a misspelt or empty check must not become no check.
package struct RequestReader {
  /// The `id` of the last line as its source text, to be echoed; empty if it has none.
  package private(set) var id: [UInt8] = []
  /// Whether the last line has an `id` that cannot be echoed, or is not an object at all.
  package private(set) var isUnidentified = false
  /// The bytes of the last line's `token`, or else of its `authorization`.
  package private(set) var credential: [UInt8] = []
  /// How long the last line was.
  package private(set) var lineBytes = 0

  private var tape = JSONTape()
  private let rows = Operation.allCases.map(Row.init)

  /// An operation's row, prepared.
  private struct Row {
    let operation: Operation
    let name: StaticString
    let members: [(member: RequestMember, name: StaticString)]
    let takesToken: Bool

    init(_ operation: Operation) {
      self.operation = operation
      name = operation.row.name
      members = operation.row.members.map { ($0, $0.name) }
      takesToken = operation.row.members.contains(.token)
    }
  }

  /// A reader that has read nothing.
  package init() {}

  /// Reads one line.
  ///
  /// - Parameter line: The line without its LF.
  /// - Returns: The request. `id` and `credential` then hold what belongs to it.
  /// - Throws: `RequestFault`; `id` then holds the line's `id` if it has a good one, so that the fault finds its way.
  package mutating func read(_ line: Span<UInt8>) throws(RequestFault) -> Request {
    id.removeAll(keepingCapacity: true)
    credential.removeAll(keepingCapacity: true)
    isUnidentified = true
    lineBytes = line.count
    do throws(JSONError) {
      try tape.read(line)
    } catch {
      throw RequestFault(.invalidJSON, "The line is not JSON: \(error.kind.words) at byte \(error.offset).")
    }
    guard tape.rootIsObject else { throw RequestFault(.invalidJSON, "The line is JSON, but not an object.") }
    if let value = tape.value(of: "id", line) { try readID(value, line) }
    isUnidentified = false
    guard let operation = tape.value(of: "op", line) else {
      throw RequestFault(.invalidRequest, "The request has no op.", member: "op")
    }
    guard tape[operation].kind == .string else {
      throw RequestFault(.invalidRequest, "op must be a string.", member: "op")
    }
    guard let row = rows.first(where: { tape.string(operation, equals: $0.name, line) }) else {
      throw RequestFault(.unknownOp, "There is no such op; hello lists what there is.", member: "op")
    }
    var request = Request(row.operation)
    let credential = try readMembers(row, &request, line)
    if row.takesToken { try readCredential(credential.token, credential.authorization, &request, line) }
    return request
  }

  private mutating func readID(_ value: Int, _ line: Span<UInt8>) throws(RequestFault) {
    switch tape[value].kind {
    case .string where tape.unescaped(value, line).count <= ProtocolLimits.idBytes: break
    case .number where tape.integer(value, line).map { $0.magnitude <= ProtocolLimits.idMagnitude } ?? false: break
    default:
      throw RequestFault(
        .invalidRequest, "id must be a string of at most 128 bytes, or an integer within 2^53 of zero.", member: "id")
    }
    id.append(line.extracting(tape.sourceRange(value)))
  }

  // MARK: Members

  /// Reads what the operation takes, and refuses anything else.
  ///
  /// - Returns: Where the token is, which is read last.
  private func readMembers(
    _ row: Row, _ request: inout Request, _ line: Span<UInt8>
  ) throws(RequestFault) -> (token: Int?, authorization: Int?) {
    var token: Int?
    var authorization: Int?
    let end = Int(tape[0].next)
    var name = 1
    while name < end {
      let value = name + 1
      defer { name = Int(tape[value].next) }
      if tape.string(name, equals: "op", line) || tape.string(name, equals: "id", line) { continue }
      guard let member = row.members.first(where: { tape.string(name, equals: $0.name, line) })?.member else {
        throw unknownMember(name, line)
      }
      switch member {
      case .token: token = value
      case .authorization: authorization = value
      case .policy: request.policy = try text(value, member, line)
      case .issuer: request.issuer = try text(value, member, line)
      case .audience: request.constraints.audiences = try texts(value, member, line)
      case .scope: request.constraints.scopes = try words(value, member, line)
      case .roles: request.constraints.roles = try texts(value, member, line)
      case .maximumAge:
        request.constraints.maximumAge = try integer(value, member, ProtocolLimits.maximumAgeSeconds, line)
      case .acrValues: request.constraints.acrValues = try words(value, member, line)
      case .nonce: request.constraints.nonce = try bytes(value, member, line)
      case .deadline:
        request.deadlineMilliseconds = try integer(value, member, ProtocolLimits.deadlineMilliseconds, line)
      case .explain:
        guard tape[value].kind == .true || tape[value].kind == .false else {
          throw refusal(of: member, "must be true or false.")
        }
        request.explain = tape[value].kind == .true
      }
    }
    return (token, authorization)
  }

  private mutating func readCredential(
    _ token: Int?, _ authorization: Int?, _ request: inout Request, _ line: Span<UInt8>
  ) throws(RequestFault) {
    if let token {
      guard tape[token].kind == .string, tape[token].end > tape[token].start else {
        throw RequestFault(.invalidRequest, "token must be a string that is not empty.", member: "token")
      }
    }
    if let authorization {
      guard tape[authorization].kind == .string else {
        throw RequestFault(.invalidRequest, "authorization must be a string.", member: "authorization")
      }
      request.credential = token == nil ? .authorization : .both
    }
    guard let value = token ?? authorization else {
      throw RequestFault(.invalidRequest, "The request has neither token nor authorization.", member: "token")
    }
    if tape[value].hasEscapes {
      credential.append(contentsOf: tape.unescaped(value, line))
    } else {
      credential.append(line.extracting(Int(tape[value].start)..<Int(tape[value].end)))
    }
  }

  /// The name comes from the caller; it is cut so that a reply stays small.
  ///
  /// By scalars, for a character may be made of any number of them.
  private func unknownMember(_ name: Int, _ line: Span<UInt8>) -> RequestFault {
    let text = tape.text(name, line) ?? ""
    return RequestFault(
      .invalidRequest, "The op has no such member; a misspelt check would be no check.",
      member: text.utf8.count <= 64 ? text : String(text.unicodeScalars.prefix(16)) + "…")
  }

  // MARK: Values

  private func text(_ value: Int, _ member: RequestMember, _ line: Span<UInt8>) throws(RequestFault) -> String {
    String(decoding: try bytes(value, member, line), as: UTF8.self)
  }

  private func bytes(_ value: Int, _ member: RequestMember, _ line: Span<UInt8>) throws(RequestFault) -> [UInt8] {
    guard tape[value].kind == .string, tape[value].end > tape[value].start else {
      throw refusal(of: member, "must be a string that is not empty.")
    }
    return tape.unescaped(value, line)
  }

  private func texts(_ value: Int, _ member: RequestMember, _ line: Span<UInt8>) throws(RequestFault) -> [[UInt8]] {
    guard tape[value].kind == .array else { return [try bytes(value, member, line)] }
    var texts: [[UInt8]] = []
    var at = value + 1
    while at < Int(tape[value].next) {
      try bound(texts.count + 1, member)
      texts.append(try bytes(at, member, line))
      at = Int(tape[at].next)
    }
    if texts.isEmpty { throw refusal(of: member, "must not be an empty list.") }
    return texts
  }

  /// The words between spaces, split byte by byte as the claims are that they are compared with.
  ///
  /// Not by characters: a space and a combining mark are one of those, and finding where one ends that is made of all
  /// the line takes time by the square of its length.
  private func words(_ value: Int, _ member: RequestMember, _ line: Span<UInt8>) throws(RequestFault) -> [[UInt8]] {
    let bytes = try bytes(value, member, line)
    var words: [[UInt8]] = []
    var at = 0
    while at < bytes.count {
      let start = at
      while at < bytes.count, bytes[at] != UInt8(ascii: " ") { at += 1 }
      if at > start {
        try bound(words.count + 1, member)
        words.append(Array(bytes[start..<at]))
      }
      at += 1
    }
    if words.isEmpty { throw refusal(of: member, "must not be blank.") }
    return words
  }

  private func bound(_ count: Int, _ member: RequestMember) throws(RequestFault) {
    if count <= ProtocolLimits.valuesPerMember { return }
    throw refusal(of: member, "must not have more than \(ProtocolLimits.valuesPerMember) values.")
  }

  private func integer(
    _ value: Int, _ member: RequestMember, _ range: ClosedRange<Int64>, _ line: Span<UInt8>
  ) throws(RequestFault) -> Int64 {
    guard let integer = tape.integer(value, line), range.contains(integer) else {
      throw refusal(of: member, "must be an integer from \(range.lowerBound) to \(range.upperBound).")
    }
    return integer
  }

  private func refusal(of member: RequestMember, _ words: String) -> RequestFault {
    RequestFault(.invalidRequest, "\(member.name) \(words)", member: member.name.description)
  }
}

extension JSONError.Kind {
  /// The fault in words.
  fileprivate var words: String {
    switch self {
    case .unexpectedByte: "unexpected byte"
    case .unexpectedEnd: "unexpected end"
    case .trailingBytes: "something after the value"
    case .invalidUTF8: "invalid UTF-8"
    case .loneSurrogate: "lone surrogate"
    case .invalidEscape: "invalid escape"
    case .controlCharacter: "control character in a string"
    case .tooDeep: "nested too deeply"
    case .duplicateMember: "member given twice"
    case .tooLarge: "too large"
    }
  }
}
