package import BearerJSON

/// What a server sends back for one request.
package struct SiteAnswer: Sendable {
  /// The status code.
  package var status: Int
  /// The header fields, without `Content-Length`, which follows from the body.
  package var headers: [(name: String, value: String)]
  /// The body.
  package var body: [UInt8]

  /// An answer of these parts.
  package init(status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// An answer with a JSON document.
  package init(status: Int = 200, json: JSONValue) {
    self.init(
      status: status, headers: [("Content-Type", "application/json")],
      body: json.serialized() + [UInt8(ascii: "\n")])
  }
}
