package import BearerClaims
package import BearerJSON

/// The `error` of a reply (`protocol.md` section 4.2).
package struct ErrorReply: Error, Equatable {
  /// The stable code.
  package var code: ReplyCode
  /// What happened and what to do, for people; never a token, a part of one, or a claim's value.
  package var message: String
  /// The claim that it is about.
  package var claim: String?
  /// The request's member that it is about.
  package var member: String?
  /// Why the user's authentication is not good enough.
  package var reason: String?
  /// When to ask again, in milliseconds.
  package var retryAfterMilliseconds: Int64?
  /// The header to send, for a client that could do better.
  package var challenge: Challenge?

  /// An error without details.
  package init(_ code: ReplyCode, _ message: String) {
    self.code = code
    self.message = message
  }

  /// A mistake of whoever asks.
  package init(_ code: RequestCode, _ message: String) {
    self.init(.request(code), message)
  }

  /// A request that its sender may not make.
  package init(_ code: ForbiddenCode, _ message: String) {
    self.init(.forbidden(code), message)
  }

  /// A verdict that cannot be given now.
  package init(_ code: UnavailableCode, _ message: String) {
    self.init(.unavailable(code), message)
  }

  /// A token that is refused.
  package init(_ rejection: Rejection) {
    self.init(ReplyCode(rejection.code), rejection.detail.text.description)
    claim = rejection.claim
    reason = rejection.reason?.rawValue
  }

  /// The error for a line that is no request.
  package init(_ fault: RequestFault) {
    self.init(fault.code, fault.message)
    member = fault.member
  }

  /// Appends `"ok":false,"error":{…}`, without the braces of the reply around it.
  package func append(to line: inout [UInt8]) {
    line.append(json: #""ok":false,"error":{"code":"#)
    line.append(jsonString: code.rawValue)
    line.append(json: #","category":"#)
    line.append(jsonString: code.category.rawValue)
    if let claim { line.append(member: "claim", claim) }
    if let member { line.append(member: "member", member) }
    if let reason { line.append(member: "reason", reason) }
    line.append(member: "message", message)
    line.append(json: #","status":"#)
    line.append(decimal: Int64(code.status))
    if let retryAfterMilliseconds {
      line.append(json: #","retry_after_ms":"#)
      line.append(decimal: retryAfterMilliseconds)
    }
    if let challenge { line.append(member: "www_authenticate", challenge.headerValue) }
    line.append(json: "}")
  }
}

extension [UInt8] {
  /// Begins a reply line: the brace, and the `id` if the request had one, as it came.
  package mutating func beginReply(id: [UInt8]) { beginReply(id: id.span) }

  /// Begins a reply line with these bytes as its `id`, or none.
  package mutating func beginReply(id: Span<UInt8>) {
    append(json: "{")
    if !id.isEmpty {
      append(json: #""id":"#)
      append(id)
      append(json: ",")
    }
  }

  /// Begins the reply to a line that nobody can say which request it was.
  package mutating func beginUnidentifiedReply() {
    append(json: #"{"id":null,"#)
  }

  /// Appends members of a reply, each with a comma before it.
  package mutating func append(members: JSONObject) {
    for member in members.members {
      append(json: ",")
      append(jsonString: member.name)
      append(json: ":")
      member.value.append(to: &self)
    }
  }

  /// Ends a reply line.
  package mutating func endReply() {
    append(json: "}\n")
  }

  fileprivate mutating func append(member name: StaticString, _ value: String) {
    append(json: ",\"")
    append(json: name)
    append(json: "\":")
    append(jsonString: value)
  }
}
