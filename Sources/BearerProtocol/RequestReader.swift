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
    if tape.string(operation, equals: "verify", line) { return .verify(try readTokenRequest(line)) }
    if tape.string(operation, equals: "introspect", line) { return .introspect(try readTokenRequest(line)) }
    if tape.string(operation, equals: "refresh-jwks", line) { return try readRefresh(line) }
    if tape.string(operation, equals: "status", line) { return try withoutMembers(.status, line) }
    if tape.string(operation, equals: "ping", line) { return try withoutMembers(.ping, line) }
    if tape.string(operation, equals: "hello", line) { return try withoutMembers(.hello, line) }
    throw RequestFault(.unknownOp, "There is no such op; hello lists what there is.", member: "op")
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

  private mutating func readTokenRequest(_ line: Span<UInt8>) throws(RequestFault) -> TokenRequest {
    var request = TokenRequest()
    var token: Int?
    var authorization: Int?
    let end = Int(tape[0].next)
    var name = 1
    while name < end {
      let value = name + 1
      if tape.string(name, equals: "op", line) || tape.string(name, equals: "id", line) {
      } else if tape.string(name, equals: "token", line) {
        token = value
      } else if tape.string(name, equals: "authorization", line) {
        authorization = value
      } else if tape.string(name, equals: "policy", line) {
        request.policy = try text(value, "policy", line)
      } else if tape.string(name, equals: "issuer", line) {
        request.issuer = try text(value, "issuer", line)
      } else if tape.string(name, equals: "audience", line) {
        request.constraints.audiences = try texts(value, "audience", line)
      } else if tape.string(name, equals: "scope", line) {
        request.constraints.scopes = try words(value, "scope", line)
      } else if tape.string(name, equals: "roles", line) {
        request.constraints.roles = try texts(value, "roles", line)
      } else if tape.string(name, equals: "max_age", line) {
        request.constraints.maximumAge = try integer(value, "max_age", ProtocolLimits.maximumAgeSeconds, line)
      } else if tape.string(name, equals: "acr_values", line) {
        request.constraints.acrValues = try words(value, "acr_values", line)
      } else if tape.string(name, equals: "nonce", line) {
        request.constraints.nonce = try bytes(value, "nonce", line)
      } else if tape.string(name, equals: "deadline_ms", line) {
        request.deadlineMilliseconds = try integer(value, "deadline_ms", ProtocolLimits.deadlineMilliseconds, line)
      } else if tape.string(name, equals: "explain", line) {
        guard tape[value].kind == .true || tape[value].kind == .false else {
          throw RequestFault(.invalidRequest, "explain must be true or false.", member: "explain")
        }
        request.explain = tape[value].kind == .true
      } else {
        throw unknownMember(name, line)
      }
      name = Int(tape[value].next)
    }
    try readCredential(token, authorization, &request, line)
    return request
  }

  private mutating func readCredential(
    _ token: Int?, _ authorization: Int?, _ request: inout TokenRequest, _ line: Span<UInt8>
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

  private func readRefresh(_ line: Span<UInt8>) throws(RequestFault) -> Request {
    var issuer: String?
    let end = Int(tape[0].next)
    var name = 1
    while name < end {
      if tape.string(name, equals: "issuer", line) {
        issuer = try text(name + 1, "issuer", line)
      } else if !tape.string(name, equals: "op", line), !tape.string(name, equals: "id", line) {
        throw unknownMember(name, line)
      }
      name = Int(tape[name + 1].next)
    }
    return .refreshJWKS(issuer: issuer)
  }

  private func withoutMembers(_ request: Request, _ line: Span<UInt8>) throws(RequestFault) -> Request {
    let end = Int(tape[0].next)
    var name = 1
    while name < end {
      if !tape.string(name, equals: "op", line), !tape.string(name, equals: "id", line) {
        throw unknownMember(name, line)
      }
      name = Int(tape[name + 1].next)
    }
    return request
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

  private func text(_ value: Int, _ name: String, _ line: Span<UInt8>) throws(RequestFault) -> String {
    String(decoding: try bytes(value, name, line), as: UTF8.self)
  }

  private func bytes(_ value: Int, _ name: String, _ line: Span<UInt8>) throws(RequestFault) -> [UInt8] {
    guard tape[value].kind == .string, tape[value].end > tape[value].start else {
      throw RequestFault(.invalidRequest, "\(name) must be a string that is not empty.", member: name)
    }
    return tape.unescaped(value, line)
  }

  private func texts(_ value: Int, _ name: String, _ line: Span<UInt8>) throws(RequestFault) -> [[UInt8]] {
    guard tape[value].kind == .array else { return [try bytes(value, name, line)] }
    var texts: [[UInt8]] = []
    var at = value + 1
    while at < Int(tape[value].next) {
      try bound(texts.count + 1, name)
      texts.append(try bytes(at, name, line))
      at = Int(tape[at].next)
    }
    if texts.isEmpty { throw RequestFault(.invalidRequest, "\(name) must not be an empty list.", member: name) }
    return texts
  }

  /// The words between spaces, split byte by byte as the claims are that they are compared with.
  ///
  /// Not by characters: a space and a combining mark are one of those, and finding where one ends that is made of all
  /// the line takes time by the square of its length.
  private func words(_ value: Int, _ name: String, _ line: Span<UInt8>) throws(RequestFault) -> [[UInt8]] {
    let bytes = try bytes(value, name, line)
    var words: [[UInt8]] = []
    var at = 0
    while at < bytes.count {
      let start = at
      while at < bytes.count, bytes[at] != UInt8(ascii: " ") { at += 1 }
      if at > start {
        try bound(words.count + 1, name)
        words.append(Array(bytes[start..<at]))
      }
      at += 1
    }
    if words.isEmpty { throw RequestFault(.invalidRequest, "\(name) must not be blank.", member: name) }
    return words
  }

  private func bound(_ count: Int, _ name: String) throws(RequestFault) {
    if count <= ProtocolLimits.valuesPerMember { return }
    throw RequestFault(
      .invalidRequest, "\(name) must not have more than \(ProtocolLimits.valuesPerMember) values.", member: name)
  }

  private func integer(
    _ value: Int, _ name: String, _ range: ClosedRange<Int64>, _ line: Span<UInt8>
  ) throws(RequestFault) -> Int64 {
    guard let integer = tape.integer(value, line), range.contains(integer) else {
      throw RequestFault(
        .invalidRequest, "\(name) must be an integer from \(range.lowerBound) to \(range.upperBound).", member: name)
    }
    return integer
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
