internal import BearerJSON

/// Why a token was not accepted, with what to answer to whoever sent it.
public struct Refusal: Equatable, Sendable {
  /// The kind of a refusal; daemons to come may know more of them.
  public struct Category: RawRepresentable, Hashable, Sendable {
    /// The word on the wire.
    public var rawValue: String

    /// A category by its word.
    public init(rawValue: String) {
      self.rawValue = rawValue
    }

    /// The request to the daemon was wrong.
    public static let request = Category(rawValue: "request")
    /// The daemon does not let this process do that.
    public static let forbidden = Category(rawValue: "forbidden")
    /// The token is bad.
    public static let token = Category(rawValue: "token")
    /// The token is good and does not suffice.
    public static let policy = Category(rawValue: "policy")
    /// It could not be decided; trying again may help.
    public static let unavailable = Category(rawValue: "unavailable")
  }

  /// The stable code, as listed in `protocol.md`.
  public var code: String
  /// The code's category; decide by it when the code is unknown.
  public var category: Category
  /// For people; may change.
  public var message: String
  /// The HTTP status to answer with.
  public var status: Int
  /// The value of the `WWW-Authenticate` header to send, if one is to be sent (RFC 6750, RFC 9470).
  public var wwwAuthenticate: String?
  /// After how many milliseconds trying again makes sense.
  public var retryAfterMilliseconds: Int?
  /// The claim that was at fault.
  public var claim: String?
  /// The request's member that was at fault.
  public var member: String?
  /// More on the code, such as `too_old`.
  public var reason: String?

  init?(_ error: JSONValue) {
    guard let code = error["code"]?.stringValue, let category = error["category"]?.stringValue else { return nil }
    self.code = code
    self.category = Category(rawValue: category)
    self.message = error["message"]?.stringValue ?? ""
    self.status = error["status"]?.integerValue.flatMap(Int.init(exactly:)) ?? 500
    self.wwwAuthenticate = error["www_authenticate"]?.stringValue
    self.retryAfterMilliseconds = error["retry_after_ms"]?.integerValue.flatMap(Int.init(exactly:))
    self.claim = error["claim"]?.stringValue
    self.member = error["member"]?.stringValue
    self.reason = error["reason"]?.stringValue
  }
}
