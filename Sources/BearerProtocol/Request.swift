package import BearerClaims

/// What a request line asks; what it does not say is as its operation takes it by default.
package struct Request: Equatable, Sendable {
  /// In which member the token came.
  package enum Credential: Equatable, Sendable {
    case token
    case authorization
    /// Both: RFC 6750 section 2 forbids more than one method for one request.
    case both
  }

  /// Which operation.
  package var operation: Operation
  /// Where the token is, if the operation is about one; its bytes are the reader's `credential`.
  package var credential = Credential.token
  /// The policy by name; `nil` for the one named `default`.
  package var policy: String?
  /// The issuer, by short name or url: whose token it must be, whose keys are fetched, or whom a report is about.
  package var issuer: String?
  /// What it adds to the policy.
  package var constraints = RequestConstraints()
  /// How long the reply may take, in milliseconds from the line's end.
  package var deadlineMilliseconds: Int64?
  /// Whether a trace of every check is wanted.
  package var explain = false

  /// Asks for no more than the operation.
  package init(_ operation: Operation) {
    self.operation = operation
  }
}

/// Why a line is not a request that can be answered.
package struct RequestFault: Error, Equatable, Sendable {
  /// `invalid_json`, `invalid_request` or `unknown_op`.
  package var code: RequestCode
  /// The member that is wrong or missing, if it is one.
  package var member: String?
  /// What is wrong, for people.
  package var message: String

  init(_ code: RequestCode, _ message: String, member: String? = nil) {
    self.code = code
    self.member = member
    self.message = message
  }
}
