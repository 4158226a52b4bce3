import BearerAddress
import BearerConfiguration
import BearerDaemon
import Foundation
import Testing

@testable import bearerd

@Suite struct FileRemarksTests {
  private let directory: ShortDirectory
  private let user = geteuid()

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
          + "no keys would be kept for the next start"
      ])
    let file = directory.file("file")
    try "".write(toFile: file, atomically: false, encoding: .utf8)
    #expect(
      FileRemarks(on: configuration(state: file), in: nil).onUse(withIssuers: false) == [
        "state_directory: user \(user) cannot write in \"\(file)\" (Not a directory); "
          + "no keys would be kept for the next start"
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
        "issuer.a.ca_file: user \(user) cannot read \"\(directory.path)\" (Is a directory)",
        "issuer.a.client_certificate: user \(user) cannot read \"\(directory.file("c"))\" (No such file or directory)",
        "issuer.a.client_key: user \(user) cannot read \"\(directory.file(#"\u{1b}k"#))\" (No such file or directory)",
        "issuer.b.jwks_file: user \(user) cannot read \"\(directory.file("j"))\" (No such file or directory)",
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
        "others can change \"\(file)\" (\(who)), and with it who is trusted",
        "issuer.a.ca_file: others can change \"\(file)\" (\(who)), and with it which keys are trusted",
        "issuer.b.jwks_file: others can change \"\(file)\" (\(who)), and with it which keys are trusted",
        "state_directory: others can change \"\(state)\" (\(who)); keys kept there are not used",
        "socket: others can put a socket of theirs into \"\(state)\" (\(who)), and applications would ask it",
      ])
    try rights(file, 0o600)
    try rights(state, 0o700)
    try rights(directory.path, 0o777)
    #expect(
      remarks.onOthers().first
        == "others can change \"\(file)\" (of its directory: \(who)), and with it who is trusted")
    // A directory of another user is not used, by whomever the daemon is run.
    #expect(
      FileRemarks(on: configuration, in: nil, user: user + 1).onOthers().contains(
        "state_directory: others can change \"\(state)\" (it belongs to user \(user)); keys kept there are not used"))
  }

  @Test("a secret that may be read by those who use the socket is remarked on")
  func secrets() throws {
    let file = directory.file("key")
    try "".write(toFile: file, atomically: false, encoding: .utf8)
    var issuer = issuer(caFile: file, clientCertificate: file, clientKey: file)
    issuer.proxy = try ProxyAddress(parsing: "http://u:p@10.0.0.1")
    var configuration = configuration(state: nil, issuer)
    configuration.socketPath = directory.file("s")
    configuration.socketGroup = "bin"
    try rights(file, 0o604)
    #expect(
      FileRemarks(on: configuration, in: file).onOthers() == [
        "proxy: \"\(file)\" holds a secret, and every user may read it",
        "issuer.a.client_key: \"\(file)\" holds a secret, and every user may read it",
      ])
    try rights(file, 0o640)
    // The one group that this user can be sure to own files of.
    if geteuid() == 0 {
      #expect(chown(file, 0, 2) == 0)
      #expect(
        FileRemarks(on: configuration, in: nil).onOthers() == [
          "issuer.a.client_key: \"\(file)\" holds a secret, and group 2 may read it, which may use the socket, too"
        ])
    }
    configuration.socketMode = 0o600
    #expect(FileRemarks(on: configuration, in: file).onOthers() == [])
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
            ! state_directory: user \(user) cannot write in "\(missing)" (No such file or directory); no keys would be kept for the next start

            """, error: ""))
  }
}
