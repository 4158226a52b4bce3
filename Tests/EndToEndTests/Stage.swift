import ArgumentParser
import BearerDevIssuer
import BearerJSON
import BearerKeys
import BearerProviderKit
import BearerSocketKit
import BearerTestKit
import Foundation
import Synchronization

@testable import bearerd_dev_issuer

/// What a transcript plays on: providers, a directory, the daemon, connections.
///
/// It is used on one thread.
final class Stage {
  private let directory: ShortDirectory
  private var providers: [String: ProviderOnStage] = [:]
  private var tokens: [String: String] = [:]
  private var daemon: BuiltProgram?
  private var clients: [String: SocketClient] = [:]
  private var currentClient = ""
  private var line = 0

  init() throws { directory = try ShortDirectory() }

  deinit {
    daemon?.send(SIGKILL)
    for provider in providers.values { try? wait { [provider = provider.provider] in await provider.stop() } }
  }

  /// Plays the steps, then looks at what must hold at the end of every transcript.
  func play(_ steps: [Step]) throws {
    for step in steps {
      line = step.line
      do {
        try perform(step.directive)
      } catch let fault as TranscriptFault {
        throw fault
      } catch {
        throw fault("\(error)")
      }
    }
    clients = [:]
    if let daemon {
      daemon.send(SIGTERM)
      try endDaemon(daemon, status: 0)
    }
  }

  private func perform(_ directive: Directive) throws {
    switch directive {
    case .issuer(let name, let algorithm): try startProvider(name, algorithm)
    case .publish(let issuer, let keys): try provider(issuer).publish(keys)
    case .mood(let mood, let issuer): try provider(issuer).change(to: mood)
    case .requests(let issuer, let count): try awaitRequests(count, of: try provider(issuer).provider)
    case .mint(let token, let arguments): tokens[token] = try mint(arguments)
    case .forge(let token, let original): tokens[token] = try forged(original)
    case .text(let token, let text): tokens[token] = try filled(text)
    case .revoke(let token, let issuer):
      let text = try tokens[token].orFault(fault("there is no token \(token)"))
      try provider(issuer).grants.revoke(StoredTokenName(text))
    case .file(let name, let content): try write(try filled(content), to: name)
    case .move(let name, let target): try check(rename(path(name), path(target)) == 0, "cannot move")
    case .remove(let name): try FileManager.default.removeItem(atPath: path(name))
    case .directory(let name):
      try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: false)
    case .staleSocket(let name): try leaveStaleSocket(at: path(name))
    case .ageSnapshot(let issuer, let seconds): try ageSnapshot(of: try provider(issuer).provider.issuer, by: seconds)
    case .serve(let arguments):
      try check(daemon == nil, "a daemon runs already")
      let daemon = try BuiltProgram(["serve"] + arguments.map(filled), environment: environment)
      self.daemon = daemon
      try check(daemon.awaitListening(), "the daemon does not listen: \(daemon.errorText)")
    case .log(let text):
      let daemon = try running()
      try check(daemon.awaitLog(try filled(text)), "no such line in the log:\n\(daemon.errorText)")
    case .signal(let signal): try running().send(signal)
    case .exits(let status): try endDaemon(try running(), status: status)
    case .connect(let name):
      currentClient = name
      if clients[name] == nil { clients[name] = try newClient() }
    case .send(let text): try client().send(Array((try filled(text) + "\n").utf8))
    case .raw(let bytes): try client().send(Array(try filled(String(decoding: bytes, as: UTF8.self), bytes)))
    case .fill(let count, let byte): try client().send(Array(repeating: byte, count: count))
    case .halfClose: try client().closeWriting()
    case .reply(let pattern): try expectReply(try filled(pattern))
    case .closed:
      guard let rest = try client().rest() else { throw fault("the connection is not closed") }
      try check(rest.isEmpty, "before it closed, the daemon sent: \(rest)")
      clients[currentClient] = nil
    case .close:
      try client().close()
      clients[currentClient] = nil
    case .run(let arguments, let input, let expected): try run(arguments, input, expected)
    }
  }

  // MARK: Providers

  private func startProvider(_ name: String, _ algorithm: String?) throws {
    let algorithm = try SigningAlgorithm(rawValue: algorithm ?? "ES256").orFault(fault("no such algorithm"))
    let provider = try wait { try await FaultyProvider.start() }
    providers[name] = try ProviderOnStage(provider, algorithm)
  }

  private func provider(_ name: String) throws -> ProviderOnStage {
    try providers[name].orFault(fault("there is no issuer \(name)"))
  }

  private func awaitRequests(_ count: Int, of provider: FaultyProvider) throws {
    if count > 0 { _ = try wait { await provider.request(count) } }
    let requests = provider.requests.map(\.path)
    try check(requests.count == count, "\(requests.count) requests came: \(requests)")
  }

  private func ageSnapshot(of issuer: String, by seconds: Int64) throws {
    let file = path("state/\(KeySnapshotRecord.fileName(issuer: issuer))")
    let bytes = Array(try Data(contentsOf: URL(filePath: file)))
    let members = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    var record = try KeySnapshotRecord(
      decoding: bytes, issuer: issuer, configuration: members?["configuration"] as? String ?? "",
      wallNow: WallClock.now())
    record.validatedAt -= seconds
    try Data(record.encoded()).write(to: URL(filePath: file))
  }

  // MARK: Tokens

  /// Makes a token with the options of `bearerd-dev-issuer mint`; only its key directory is another.
  private func mint(_ words: [String]) throws -> String {
    let issuer = try provider(words.first ?? "")
    let command = try MintCommand.parse(try words.dropFirst().map(filled))
    var template = TokenTemplate(command.kind, issuer: command.issuer ?? issuer.provider.issuer)
    template.audiences = command.audiences
    template.subject = command.subject
    template.clientID = command.clientID
    template.scope = command.scope
    template.nonce = command.nonce
    template.lifetime = command.lifetime
    template.isExpired = command.expired
    template.authenticationAge = command.authTime
    for claim in command.claims { template.claims[claim.name] = claim.value }
    template.omittedClaims = command.omittedClaims
    for member in command.headerMembers { template.headerMembers[member.name] = member.value }
    template.omittedHeaderMembers = command.omittedHeaderMembers
    if command.opaque { return try issuer.issuer.give(template, now: command.now ?? WallClock.now()) }
    var key = try command.kid.map { try issuer.key($0) } ?? issuer.defaultKey()
    if command.forge { key = try .generate(key.algorithm, kid: key.kid) }
    let minter = DevIssuer(url: template.issuer, keyStore: KeyRing())
    return try minter.sign(template, key: key, now: command.now ?? WallClock.now())
  }

  /// A token with another first character of its signature.
  private func forged(_ original: String) throws -> String {
    let token = try tokens[original].orFault(fault("there is no token \(original)"))
    let start = try token.lastIndex(of: ".").orFault(fault("the token has no signature"))
    let first = token.index(after: start)
    let other = token[first] == "A" ? "B" : "A"
    return token[...start] + other + token[token.index(after: first)...]
  }

  // MARK: The daemon

  private var environment: [String: String] { ["BEARERD_SOCKET": path("b.sock")] }

  private func running() throws -> BuiltProgram { try daemon.orFault(fault("no daemon runs")) }

  private func endDaemon(_ daemon: BuiltProgram, status: Int32) throws {
    guard let end = daemon.end() else { throw fault("the daemon does not end") }
    try check(end.status == status, "the daemon's exit status is \(end.status):\n\(end.error)")
    try check(end.output.isEmpty, "the daemon wrote to standard output: \(end.output)")
    try checkSecrecy(of: end.error)
    self.daemon = nil
  }

  private func run(_ arguments: [String], _ input: String?, _ expected: Directive.Outcome) throws {
    let command = try BuiltProgram(
      try arguments.map(filled), environment: environment, input: try input.map { try filled($0) + "\n" })
    guard let end = command.end() else { throw fault("the command does not end") }
    try checkLines(end.output, expected.output, "standard output")
    try checkLines(end.error, expected.error, "standard error")
    try check(end.status == expected.status, "the exit status is \(end.status)")
    try checkSecrecy(of: end.error)
  }

  private func checkLines(_ found: String, _ expected: [String], _ name: String) throws {
    let lines = found.split(separator: "\n").map(String.init)
    let patterns = try expected.map(filled)
    let isExpected =
      lines.count == patterns.count && zip(patterns, lines).allSatisfy { LinePattern($0).matches($1) }
    try check(isExpected, "\(name) is\n\(found)expected\n\(patterns.joined(separator: "\n"))")
  }

  /// No token, and no payload or signature of one, may show in a log or an error.
  private func checkSecrecy(of text: String) throws {
    for (name, token) in tokens {
      for part in [token] + token.split(separator: ".").dropFirst().map(String.init) where part.utf8.count >= 16 {
        try check(!text.contains(part), "the log shows something of the token \(name)")
      }
    }
  }

  // MARK: Connections

  private func newClient() throws -> SocketClient {
    try SocketClient(path("b.sock")).orFault(fault("nobody answers at the socket"))
  }

  private func client() throws -> SocketClient {
    if let client = clients[currentClient] { return client }
    let client = try newClient()
    clients[currentClient] = client
    return client
  }

  private func expectReply(_ pattern: String) throws {
    guard let reply = try client().line() else {
      throw fault("no reply comes; the log is\n\(daemon?.errorText ?? "")")
    }
    try check(LinePattern(pattern).matches(reply), "the reply is\n\(reply)\nexpected\n\(pattern)")
  }

  // MARK: Files

  private func path(_ name: String) -> String { directory.file(name) }

  /// Writes in place, so that whoever watches the file sees it change and not another one come.
  private func write(_ content: String, to name: String) throws {
    let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    try check(descriptor >= 0, "cannot write \(name)")
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try handle.write(contentsOf: Data(content.utf8))
  }

  private func leaveStaleSocket(at path: String) throws {
    let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    try check(UnixSocket.bind(descriptor, to: path) == 0, "cannot bind")
  }

  // MARK: Placeholders

  private func filled(_ text: String) throws -> String {
    var result = ""
    var rest = text[...]
    while let start = rest.range(of: "${") {
      guard let end = rest[start.upperBound...].firstIndex(of: "}") else { throw fault("a placeholder is not closed") }
      result += rest[..<start.lowerBound] + (try value(of: String(rest[start.upperBound..<end])))
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  /// Bytes as they are, unless they are text that holds placeholders.
  private func filled(_ text: String, _ bytes: [UInt8]) throws -> [UInt8] {
    text.contains("${") ? Array(try filled(text).utf8) : bytes
  }

  private func value(of name: String) throws -> String {
    switch name {
    case "dir": return directory.path
    case "socket": return path("b.sock")
    default:
      if let token = tokens[name] { return token }
      if name.hasSuffix(".jwks") { return try provider(String(name.dropLast(5))).keySet }
      return try provider(name).provider.issuer
    }
  }

  // MARK: Faults

  private func fault(_ message: String) -> TranscriptFault { TranscriptFault(line: line, message: message) }

  private func check(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    if !condition { throw fault(message()) }
  }

  /// Waits on this thread, which is no task's, for something asynchronous.
  private func wait<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws -> Result {
    let outcome = Outcome<Result>()
    Task {
      do {
        let result = try await body()
        outcome.value.withLock { $0 = .success(result) }
      } catch {
        outcome.value.withLock { $0 = .failure(error) }
      }
      outcome.isThere.signal()
    }
    guard outcome.isThere.wait(timeout: .now() + patience) == .success, let value = outcome.value.withLock({ $0 })
    else {
      throw fault("waited in vain")
    }
    return try value.get()
  }

  private final class Outcome<Value: Sendable>: Sendable {
    let value = Mutex<Result<Value, any Error>?>(nil)
    let isThere = DispatchSemaphore(value: 0)
  }
}

extension Optional {
  fileprivate func orFault(_ fault: TranscriptFault) throws -> Wrapped {
    guard let self else { throw fault }
    return self
  }
}
