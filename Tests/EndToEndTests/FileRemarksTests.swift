import BearerAddress
import BearerDaemon
import Foundation
import Testing

@testable import BearerConfiguration
@testable import bearerd

@Suite struct FileRemarksTests {
  private let directory: ShortDirectory
  private let user = geteuid()
  private let ownDirectory = "make it a directory of that user's, or check as the user that runs bearerd"
  private let readable = "put a file there that it may read, or check as the user that runs bearerd"

  init() throws {
    directory = try ShortDirectory()
  }

  private func configuration(state: String?, _ issuers: IssuerConfiguration...) -> Configuration {
    var configuration = Configuration(issuers: issuers)
    configuration.stateDirectory = state
    return configuration
  }

  private func issuer(caFile: String, clientCertificate: String, clientKey: String) -> IssuerConfiguration {
    var issuer = IssuerConfiguration(name: "a", url: "https://a.example")
    issuer.caFile = caFile
    issuer.clientCertificate = clientCertificate
    issuer.clientKey = clientKey
    return issuer
  }

  @Test("nothing is said about what is there")
  func allThere() throws {
    let file = directory.file("x.pem")
    try "".write(toFile: file, atomically: false, encoding: .utf8)
    let sound = configuration(
      state: directory.path,
      issuer(caFile: file, clientCertificate: file, clientKey: file),
      IssuerConfiguration(name: "b", url: "b", source: .jwksFile(file)))
    #expect(FileRemarks(on: sound, in: nil).onUse(withIssuers: true) == [])
    #expect(FileRemarks(on: configuration(state: nil), in: nil).onUse(withIssuers: true) == [])
  }

  @Test("a directory that nothing can be written in is remarked on")
  func stateDirectory() throws {
    let missing = directory.file("no")
    #expect(
      FileRemarks(on: configuration(state: missing), in: nil).onUse(withIssuers: false) == [
        "state_directory: user \(user) cannot write in \"\(missing)\" (No such file or directory); "
          + "no keys would be kept for the next start: \(ownDirectory)"
      ])
    let file = directory.file("file")
    try "".write(toFile: file, atomically: false, encoding: .utf8)
    #expect(
      FileRemarks(on: configuration(state: file), in: nil).onUse(withIssuers: false) == [
        "state_directory: user \(user) cannot write in \"\(file)\" (Not a directory); "
          + "no keys would be kept for the next start: \(ownDirectory)"
      ])
  }

  @Test("a file of an issuer that cannot be read is remarked on, unless a fetch will tell")
  func issuerFiles() {
    let odd = configuration(
      state: nil,
      issuer(
        caFile: directory.path, clientCertificate: directory.file("c"), clientKey: directory.file("\u{1B}k")),
      IssuerConfiguration(name: "b", url: "b", source: .jwksFile(directory.file("j"))))
    #expect(
      FileRemarks(on: odd, in: nil).onUse(withIssuers: true) == [
        "issuer.a.ca_file: user \(user) cannot read \"\(directory.path)\" (Is a directory): \(readable)",
        "issuer.a.client_certificate: user \(user) cannot read \"\(directory.file("c"))\" (No such file or directory): \(readable)",
        "issuer.a.client_key: user \(user) cannot read \"\(directory.file(#"\u{1b}k"#))\" (No such file or directory): \(readable)",
        "issuer.b.jwks_file: user \(user) cannot read \"\(directory.file("j"))\" (No such file or directory): \(readable)",
      ])
    #expect(FileRemarks(on: odd, in: nil).onUse(withIssuers: false) == [])
  }

  private func rights(_ path: String, _ mode: Int) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  @Test("what others can change is remarked on: configuration, key sets, authorities, state and the socket's directory")
  func others() throws {
    try rights(directory.path, 0o755)
    let file = directory.file("x")
    try "".write(toFile: file, atomically: false, encoding: .utf8)
    let state = directory.file("state")
    try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false)
    var configuration = configuration(
      state: state, issuer(caFile: file, clientCertificate: file, clientKey: file),
      IssuerConfiguration(name: "b", url: "b", source: .jwksFile(file)))
    configuration.socketPath = state + "/s"
    configuration.socketMode = 0o600
    let remarks = FileRemarks(on: configuration, in: file)
    try rights(file, 0o600)
    try rights(state, 0o700)
    #expect(remarks.onOthers() == [])
    try rights(file, 0o602)
    try rights(state, 0o707)
    let who = "every user may write it"
    #expect(
      remarks.onOthers() == [
        "others can change \"\(file)\" (\(who)), and with it who is trusted: chmod go-w \"\(file)\"",
        "issuer.a.ca_file: others can change \"\(file)\" (\(who)), and with it which keys are trusted: chmod go-w \"\(file)\"",
        "issuer.b.jwks_file: others can change \"\(file)\" (\(who)), and with it which keys are trusted: chmod go-w \"\(file)\"",
        "state_directory: others can change \"\(state)\" (\(who)); keys kept there are not used: chmod go-w \"\(state)\"",
        "socket: others can put a socket of theirs into \"\(state)\" (\(who)), and applications would ask it: chmod go-w \"\(state)\"",
      ])
    try rights(file, 0o600)
    try rights(state, 0o700)
    try rights(directory.path, 0o777)
    #expect(
      remarks.onOthers().first
        == "others can change \"\(file)\" (of its directory: \(who)), and with it who is trusted: chmod go-w \"\(directory.path)\""
    )
    try rights(directory.path, 0o755)
    // Whoever pasted a chmod of /tmp would do harm.
    try rights(state, 0o1777)
    #expect(
      remarks.onOthers() == [
        "state_directory: others can change \"\(state)\" (\(who)); keys kept there are not used: choose a directory of "
          + "bearerd's own",
        "socket: others can put a socket of theirs into \"\(state)\" (\(who)), and applications would ask it: choose a "
          + "directory of bearerd's own",
      ])
    try rights(state, 0o700)
    if user == 0 {
      #expect(chown(state, 777, 777) == 0)
      #expect(
        FileRemarks(on: configuration, in: nil, user: 12345).onOthers().contains(
          "socket: others can put a socket of theirs into \"\(state)\" (it belongs to user 777), and applications would "
            + "ask it: chown 12345 \"\(state)\""))
      #expect(chown(state, 0, 0) == 0)
    }
    // A directory of another user is not used, by whomever the daemon is run.
    #expect(
      FileRemarks(on: configuration, in: nil, user: user + 1).onOthers().contains(
        "state_directory: others can change \"\(state)\" (it belongs to user \(user)); keys kept there are not used: chown \(user + 1) \"\(state)\""
      ))
  }

  /// Makes a file of these rights.
  private func file(_ name: String, _ mode: Int, _ text: String = "") throws -> String {
    let file = directory.file(name)
    try text.write(toFile: file, atomically: false, encoding: .utf8)
    try rights(file, mode)
    return file
  }

  @Test("a secret that may be read by those who use the socket is remarked on")
  func secrets() throws {
    let file = try file("key", 0o604)
    var issuer = issuer(caFile: file, clientCertificate: file, clientKey: file)
    issuer.proxy = try ProxyAddress(parsing: "http://u:p@10.0.0.1")
    issuer.introspection = IntrospectionConfiguration()
    issuer.introspection?.clientSecretFile = file
    // The name of a credential, which only the service sees.
    var other = IssuerConfiguration(name: "b", url: "https://b.example")
    other.introspection = IntrospectionConfiguration()
    other.introspection?.clientSecretFile = "secret"
    var configuration = configuration(state: nil, issuer, other)
    configuration.socketPath = directory.file("s")
    configuration.socketGroup = "bin"
    let secrets = ["client_key", "introspection.client_secret_file"].map { key in
      "issuer.a.\(key): \"\(file)\" holds a secret, and "
    }
    #expect(
      FileRemarks(on: configuration, in: file).onOthers()
        == ["proxy: \"\(file)\" holds a secret, and every user may read it: chmod o-r \"\(file)\""]
        + secrets.map { $0 + "every user may read it: chmod o-r \"\(file)\"" })
    try rights(file, 0o640)
    // The one group that this user can be sure to own files of.
    if geteuid() == 0 {
      #expect(chown(file, 0, 2) == 0)
      let group =
        "group 2 may read it, which may use the socket, too: name another group in socket_group, or chmod g-r "
      #expect(
        FileRemarks(on: configuration, in: nil).onOthers() == secrets.map { "\($0)\(group)\"\(file)\"" })
    }
    configuration.socketMode = 0o600
    #expect(FileRemarks(on: configuration, in: file).onOthers() == [])
  }

  @Test(
    "a group that is both the daemon's and its clients' is found: by the socket that is there, or as the own one"
  )
  func sharedGroup() throws {
    let key = try file("key", 0o640)
    let own = getegid()
    // Root's group has no users who are not root's, so that root needs another for the key.
    let shared: UInt32 = own == 0 ? 2 : own
    if own == 0 { try #require(chown(key, 0, shared) == 0) }
    var configuration = configuration(
      state: nil, issuer(caFile: key, clientCertificate: key, clientKey: key))
    configuration.socketPath = directory.file("s")
    func remarks(_ group: UInt32) -> [String] { FileRemarks(on: configuration, in: nil, group: group).onOthers() }
    let remark = [
      "issuer.a.client_key: \"\(key)\" holds a secret, and group \(shared) may read it, which may use the socket, too: "
        + "name another group in socket_group, or chmod g-r \"\(key)\""
    ]
    #expect(remarks(shared) == remark)
    #expect(remarks(shared + 1) == [])
    let socket = try file("s", 0o660)
    if own == 0 { try #require(chown(socket, 0, shared) == 0) }
    #expect(remarks(shared + 1) == remark)
    configuration.socketGroup = "nogroup"
    #expect(remarks(shared) == [])
  }

  @Test("so is the token by which this daemon asks a back-end")
  func bearerToken() async throws {
    let token = try file("token", 0o644, "t")
    let text = """
      socket = "\(directory.file("s"))"
      [issuer.a]
      url = "https://a.invalid"
      [issuer.a.introspection]
      kind = "rfc7662"
      client_auth = "bearer"
      bearer_token_file = "\(token)"
      [policy.default]
      audiences = ["a"]
      """
    let file = try file("b.toml", 0o644, text)
    let run = try await CommandLineTests.run(["check", "--offline", "--config", file], environment: [:])
    #expect(
      run
        == .init(
          status: 0,
          output: """
            The configuration is sound: 1 issuer, 1 policy.
            ! issuer.a.introspection.bearer_token_file: "\(token)" holds a secret, and every user may read it: chmod o-r "\(token)"

            """, error: ""))
  }

  @Test("check tells them, and succeeds all the same")
  func check() async throws {
    let missing = directory.file("no")
    let run = try await CommandLineTests.run(
      ["check", "--offline", "--issuer", "https://a.invalid", "--audience", "a"],
      environment: ["STATE_DIRECTORY": missing])
    #expect(
      run
        == .init(
          status: 0,
          output: """
            The configuration is sound: 1 issuer, 1 policy.
            ! state_directory: user \(user) cannot write in "\(missing)" (No such file or directory); no keys would be kept for the next start: \(ownDirectory)

            """, error: ""))
  }
}
