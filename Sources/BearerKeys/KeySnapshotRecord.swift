import BearerCrypto
import BearerJSON
package import BearerTime

// The file holds one JSON object whose last member is the SHA-256 digest of the object without it. The digest finds
// damage, not forgery: an attacker who can write the owner's files needs no forged key. The content is used only if it
// is for the same issuer under the same configuration, so that an edited configuration never meets old keys.

/// A key set as it is kept on disk between runs, to be ready in an outage.
package struct KeySnapshotRecord: Equatable, Sendable {
  /// How old a snapshot may be by default.
  package static let defaultMaximumAge: Duration = .seconds(7 * 86400)
  /// How far in the future a snapshot may be dated, for clocks that were set back a little.
  package static let toleratedClockError: Duration = .seconds(300)
  /// The longest file that is read: the longest body, escaped, and the rest.
  package static let maximumBytes = 8 << 20

  /// The issuer's URL, as configured.
  package var issuer: String
  /// Where the keys came from, as configured: for people who read the file.
  package var source: String
  /// A digest of all configuration that bears on which keys there are.
  package var configuration: String
  /// When the provider last sent or confirmed the set, in seconds since 1970.
  package var validatedAt: Int64
  /// The lifetime that the response's headers gave, if any.
  package var headerLifetime: Duration?
  /// The key set as it came.
  package var body: [UInt8]

  /// A record of these particulars.
  package init(
    issuer: String, source: String, configuration: String, validatedAt: Int64, headerLifetime: Duration? = nil,
    body: [UInt8]
  ) {
    self.issuer = issuer
    self.source = source
    self.configuration = configuration
    self.validatedAt = validatedAt
    self.headerLifetime = headerLifetime
    self.body = body
  }

  /// A record of a published snapshot.
  ///
  /// - Parameters:
  ///   - snapshot: The snapshot.
  ///   - issuer: The issuer's URL.
  ///   - source: Where keys come from, as configured.
  ///   - configuration: A digest of all configuration that bears on which keys there are.
  ///   - now: The present moment.
  ///   - wallNow: The present moment in seconds since 1970.
  package init(
    _ snapshot: KeySnapshot, issuer: String, source: String, configuration: String, now: MonotonicTime, wallNow: Int64
  ) {
    let age = now.duration(since: snapshot.validatedAt).components.seconds
    self.init(
      issuer: issuer, source: source, configuration: configuration, validatedAt: wallNow &- age,
      headerLifetime: snapshot.headerLifetime, body: snapshot.body)
  }

  /// The name of the file for an issuer; whatever the URL holds, it is short and has no special characters.
  package static func fileName(issuer: String) -> String {
    "keys-\(SHA256.hexadecimal(of: Array(issuer.utf8), bytes: 16)).json"
  }

  /// How long ago the provider last sent or confirmed the set; never negative.
  package func age(wallNow: Int64) -> Duration {
    let (age, overflows) = wallNow.subtractingReportingOverflow(validatedAt)
    return .seconds(overflows ? Int64.max / 2 : max(age, 0))
  }

  // MARK: Bytes

  /// The file's content.
  package func encoded() -> [UInt8] {
    var members = JSONObject([
      .init(name: "format", value: .string(Self.format)),
      .init(name: "issuer", value: .string(issuer)),
      .init(name: "source", value: .string(source)),
      .init(name: "configuration", value: .string(configuration)),
      .init(name: "validated_at", value: .number(JSONNumber(validatedAt))),
    ])
    if let headerLifetime {
      members["lifetime_s"] = .number(JSONNumber(headerLifetime.components.seconds))
    }
    members["body"] = .string(String(decoding: body, as: UTF8.self))
    members["sha256"] = .string(Self.digest(of: members))
    return JSONValue.object(members).serialized() + [UInt8(ascii: "\n")]
  }

  /// Reads a file's content, and checks that it may be used.
  ///
  /// - Parameters:
  ///   - bytes: The content.
  ///   - issuer: The configured URL of the issuer.
  ///   - configuration: The digest of its configuration now.
  ///   - wallNow: The present moment in seconds since 1970.
  ///   - maximumAge: How old it may be.
  /// - Throws: `SnapshotFault` if it may not be used.
  package init(
    decoding bytes: [UInt8], issuer: String, configuration: String, wallNow: Int64,
    maximumAge: Duration = defaultMaximumAge
  ) throws(SnapshotFault) {
    let members = try Self.intactMembers(of: bytes)
    guard members["format"] == .string(Self.format) else { throw .notOurs }
    guard members["issuer"] == .string(issuer) else { throw .otherIssuer }
    guard members["configuration"] == .string(configuration) else { throw .otherConfiguration }
    guard
      let source = members["source"]?.stringValue, let validatedAt = members["validated_at"]?.integerValue,
      let body = members["body"]?.stringValue
    else { throw .damaged }
    self.init(
      issuer: issuer, source: source, configuration: configuration, validatedAt: validatedAt,
      headerLifetime: members["lifetime_s"]?.integerValue.map { .seconds(max($0, 0)) },
      body: Array(body.utf8))
    let (ahead, overflows) = validatedAt.subtractingReportingOverflow(wallNow)
    guard !overflows, ahead <= Self.toleratedClockError.components.seconds else { throw .fromTheFuture }
    guard age(wallNow: wallNow) <= maximumAge else { throw .tooOld }
  }

  private static let format = "bearerd key snapshot 1"

  /// The members but for the digest, which is checked.
  private static func intactMembers(of bytes: [UInt8]) throws(SnapshotFault) -> JSONObject {
    guard bytes.count <= maximumBytes else { throw .damaged }
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(parsing: bytes) } catch { throw .damaged }
    guard var members = value.objectValue, members["format"] != nil else { throw .notOurs }
    guard let last = members.members.popLast(), last.name == "sha256" else { throw .damaged }
    guard last.value == .string(digest(of: members)) else { throw .damaged }
    return members
  }

  private static func digest(of members: JSONObject) -> String {
    SHA256.hexadecimal(of: JSONValue.object(members).serialized())
  }
}
