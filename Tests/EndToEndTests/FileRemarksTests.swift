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
    #expect(FileRemarks.remarks(on: sound, withIssuers: true) == [])
    #expect(FileRemarks.remarks(on: configuration(state: nil), withIssuers: true) == [])
  }

  @Test("a directory that nothing can be written in is remarked on")
  func stateDirectory() throws {
    let missing = directory.file("no")
    #expect(
      FileRemarks.remarks(on: configuration(state: missing), withIssuers: false) == [
        "state_directory: user \(user) cannot write in \"\(missing)\" (No such file or directory); "
          + "no keys would be kept for the next start"
      ])
    let file = directory.file("file")
    try "".write(toFile: file, atomically: false, encoding: .utf8)
    #expect(
      FileRemarks.remarks(on: configuration(state: file), withIssuers: false) == [
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
      FileRemarks.remarks(on: odd, withIssuers: true) == [
        "issuer.a.ca_file: user \(user) cannot read \"\(directory.path)\" (Is a directory)",
        "issuer.a.client_certificate: user \(user) cannot read \"\(directory.file("c"))\" (No such file or directory)",
        "issuer.a.client_key: user \(user) cannot read \"\(directory.file(#"\u{1b}k"#))\" (No such file or directory)",
        "issuer.b.jwks_file: user \(user) cannot read \"\(directory.file("j"))\" (No such file or directory)",
      ])
    #expect(FileRemarks.remarks(on: odd, withIssuers: false) == [])
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
