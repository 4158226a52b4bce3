import ArgumentParser
import BearerClaims
import BearerClient
import BearerConfiguration
import BearerDaemon
import BearerDevIssuer
import BearerDevIssuerServer
import BearerFiles
import BearerIntrospection
import BearerLogging
import BearerTOML
import Glibc
import Logging

/// `run`: the development issuer and the daemon in one process, with nothing to configure.
struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run the issuer and a bearerd that trusts it, and print tokens and lines to try.",
    usage: "bearerd-dev-issuer run [<options>]",
    discussion: """
      Everything it makes, the socket and the keys, is in a directory of its own below the temporary directory. Ctrl-C \
      ends it, and nothing stays.
      """)

  @Option(help: "TCP port of the issuer on 127.0.0.1; 0 takes a free one.")
  var port: UInt16 = 0

  /// The audience of the good token, and the policy's.
  static let audience = "https://api.example"

  /// The scope of all tokens: what the README's lines for applications ask for.
  static let scope = "orders:read"

  func run() async throws {
    let keys = KeyDirectory(path: try Self.makeDirectory())
    do {
      try await serve(keys)
    } catch {
      // The first error counts, not one of the clean-up.
      try? keys.removeAll()
      throw error
    }
    try keys.removeAll()
  }

  private func serve(_ keys: KeyDirectory) async throws {
    try keys.prepare([])
    var options = try DevIssuerServer.Options(host: "127.0.0.1")
    options.port = Int(port)
    let issuer = try await DevIssuerServer.start(keyStore: keys, options: options)
    do {
      try keys.remember(issuerURL: issuer.url)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await daemon(trusting: issuer.url, socket: keys.path + "/bearerd.sock").run() }
        group.addTask { try await welcome(issuer: issuer.issuer, keys: keys) }
        try await group.waitForAll()
      }
    } catch {
      await issuer.stop()
      throw error
    }
    await issuer.stop()
  }

  /// The daemon; neither a file nor the environment configures it, so that the printed lines always work.
  private func daemon(trusting url: String, socket: String) throws -> Daemon {
    let sources = ConfigurationSources {
      $0.issuer = url
      $0.audiences = [Self.audience]
      $0.socket = socket
    }
    let load: ConfigurationSources.Load = { () throws(ConfigurationFaults) in
      Self.acceptingOpaqueTokens(try sources.load())
    }
    let configuration = try load()
    return Daemon(
      configuration: configuration, environment: sources.environment, load: load, file: nil,
      log: Log(configuration.logFormat, level: .warning, environment: sources.environment))
  }

  /// The configuration with introspection of opaque tokens, cached for one second, so that a revocation shows soon.
  private static func acceptingOpaqueTokens(_ configuration: Configuration) -> Configuration {
    var configuration = configuration
    var introspection = IntrospectionConfiguration()
    introspection.authentication = .none
    introspection.settings.cache = .seconds(1)
    for index in configuration.issuers.indices { configuration.issuers[index].introspection = introspection }
    for index in configuration.policies.indices { configuration.policies[index].acceptsOpaque = true }
    return configuration
  }

  /// Waits until the daemon accepts the good token, then prints what to try.
  private func welcome(issuer: DevIssuer, keys: KeyDirectory) async throws {
    var template = TokenTemplate(.access, issuer: issuer.url)
    template.audiences = [Self.audience]
    template.scope = Self.scope
    let key = try keys.defaultKey()
    let good = try issuer.sign(template, key: key)
    template.isExpired = true
    let expired = try issuer.sign(template, key: key)
    template.isExpired = false
    template.audiences = ["https://elsewhere.example"]
    let misdirected = try issuer.sign(template, key: key)

    template.audiences = [Self.audience]
    let opaque = try issuer.give(template)

    let socket = keys.path + "/bearerd.sock"
    let client = BearerClient(path: socket)
    while true {
      // The daemon may not listen yet.
      if case .accepted? = try? await client.verify(token: good) { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    StandardOutput.write(
      line: TryingOut(
        issuer: issuer.url, socket: socket, keys: keys.path, good: good, expired: expired, misdirected: misdirected,
        opaque: opaque
      ).text)
  }

  /// A directory that only this user can open.
  private static func makeDirectory() throws -> String {
    let parent = Environment.current().variable("TMPDIR") ?? "/tmp"
    var template = Array((parent + "/bearerd-dev-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else {
      throw DevIssuerError.file(operation: "create a directory in", path: parent, code: errno)
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
