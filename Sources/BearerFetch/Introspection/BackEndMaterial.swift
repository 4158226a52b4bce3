import BearerFiles
import BearerIntrospection
import BearerKeys
import NIOCore
import NIOSSL

/// A back-end's credentials and TLS, read from the configuration's files, and the connections made with them.
struct BackEndMaterial: Sendable {
  /// The longest secret that is read, in bytes.
  private static let secretBytes = 4096

  /// What this daemon authenticates with.
  let credentials: ClientCredentials
  /// TLS, without the system's authorities.
  let tls: TLSConfiguration
  /// The connections that use both.
  let pool: HTTPPool

  /// Reads the files; may block.
  ///
  /// - Throws: `credentials_unreadable`, with the key of the configuration and the file.
  init(_ settings: BackEndSourceSettings, network: FetchNetwork) throws(BackEndFault) {
    do throws(FetchFault) {
      tls = try network.materials.configuration(for: settings.connection.connection.tls)
    } catch {
      throw BackEndFault(.credentialsUnreadable, found: error.found, advice: error.advice)
    }
    credentials = ClientCredentials(
      settings.authentication, clientID: settings.clientID,
      secret: try settings.secretFile.map { path throws(BackEndFault) in try Self.secret(in: path, settings) } ?? [],
      encoding: settings.basicEncoding)
    pool = HTTPPool(
      group: network.group,
      settings: .init(
        connections: max(1, settings.concurrency), idle: .seconds(30), nameReuse: FetchLimits.nameReuse))
  }

  /// A secret without the line end that editors add.
  private static func secret(in path: String, _ settings: BackEndSourceSettings) throws(BackEndFault) -> [UInt8] {
    let key = settings.authentication.secretFileKey
    var secret: [UInt8]
    do throws(RegularFile.Fault) {
      secret = try RegularFile.bytes(of: path, limit: secretBytes)
    } catch {
      throw BackEndFault(
        .credentialsUnreadable, found: "\(key) \(ShownText.quoted(path)) cannot be read: \(error.reason)",
        advice: "make it a file that bearerd's user may read")
    }
    if secret.last == 0x0A { secret.removeLast() }
    if secret.last == 0x0D { secret.removeLast() }
    let isGood =
      settings.authentication == .bearer
      ? OpaqueTokenText.isBearerToken(secret.span)
      : !secret.isEmpty && secret.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    guard isGood else {
      throw BackEndFault(
        .credentialsUnreadable,
        found: "\(key) \(ShownText.quoted(path)) holds no \(settings.authentication == .bearer ? "token" : "secret")",
        advice: "it must be one line, and nothing else")
    }
    return secret
  }
}
