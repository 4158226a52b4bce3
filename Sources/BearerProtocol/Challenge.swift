/// A `WWW-Authenticate` header's value with a Bearer challenge (RFC 6750 section 3), ready to be sent.
package struct Challenge: Equatable, Sendable {
  /// The protection space (RFC 9110 section 11.5).
  package var realm: String?
  /// The error code of RFC 6750 section 3.1 or RFC 9470 section 3; none for a request without credentials.
  package var error: String?
  /// Words for the client's developer.
  package var errorDescription: String?
  /// Scopes that would do (RFC 6750 section 3).
  package var scopes: [String] = []
  /// The greatest age of the authentication that would do, in seconds (RFC 9470 section 3).
  package var maximumAge: Int64?
  /// Authentication context classes that would do (RFC 9470 section 3).
  package var acrValues: [String] = []
  /// Where the resource describes itself (RFC 9728 section 5.1).
  package var resourceMetadata: String?

  /// A bare challenge for a protection space.
  package init(realm: String? = nil, resourceMetadata: String? = nil) {
    self.realm = realm
    self.resourceMetadata = resourceMetadata
  }

  /// The header's value: one line of ASCII, whatever the attributes hold.
  package var headerValue: String {
    var attributes: [String] = []
    func add(_ name: String, _ value: String) { attributes.append("\(name)=\"\(Self.quoted(value))\"") }
    if let realm { add("realm", realm) }
    if let error { add("error", error) }
    if let errorDescription {
      // RFC 6750 section 3: no quotation mark and no backslash in a description, not even escaped.
      // By scalars: a combining accent makes one character of itself and the mark before it.
      let words = errorDescription.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "'" : $0 }
      add("error_description", String(String.UnicodeScalarView(words)))
    }
    if !scopes.isEmpty { add("scope", scopes.joined(separator: " ")) }
    if let maximumAge { add("max_age", "\(maximumAge)") }
    if !acrValues.isEmpty { add("acr_values", acrValues.joined(separator: " ")) }
    if let resourceMetadata { add("resource_metadata", resourceMetadata) }
    return attributes.isEmpty ? "Bearer" : "Bearer " + attributes.joined(separator: ", ")
  }

  /// The inside of a quoted-string (RFC 9110 section 5.6.4); what cannot stand in one must not split the header.
  private static func quoted(_ text: String) -> String {
    var value = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": value += "\\\(scalar)"
      case " "..."~": value.unicodeScalars.append(scalar)
      default: value += "?"
      }
    }
    return value
  }
}
