import BearerClaims
import BearerLogging
import BearerTOML
import Foundation
import Logging
import Testing

@testable import BearerConfiguration

@Suite struct ConfigurationSourcesTests {
  /// A sound file that exists while a test runs.
  private final class File {
    let path = "/tmp/bearerd-test-\(UUID().uuidString).toml"

    init(_ text: String) throws {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private func faults(_ sources: ConfigurationSources) -> String {
    do throws(ConfigurationFaults) {
      _ = try sources.load()
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test("an issuer and its audiences are a whole configuration")
  func issuerAndAudiences() throws {
    let configuration = try ConfigurationSources(
      issuer: "https://a.example", audiences: ["x", "y,z"], environment: [:]
    ).load()
    #expect(configuration.issuers == [IssuerConfiguration(name: "default", url: "https://a.example")])
    #expect(configuration.policies == [Policy(name: "default", issuers: ["default"], audiences: ["x", "y,z"])])
    #expect(configuration.socketPath == "/run/bearerd/bearerd.sock")
  }

  @Test("the environment can be the whole configuration")
  func environmentAlone() throws {
    let configuration = try ConfigurationSources(environment: [
      "BEARERD_ISSUER": "https://a.example", "BEARERD_AUDIENCE": "x, y", "BEARERD_SOCKET": "/tmp/s",
      "BEARERD_LOG_LEVEL": "error", "BEARERD_CONFIG": "",
    ]).load()
    #expect(configuration.issuers.map(\.url) == ["https://a.example"])
    #expect(configuration.policies.map(\.audiences) == [["x", "y"]])
    #expect(configuration.socketPath == "/tmp/s")
    #expect(configuration.logLevel == .error)
  }

  @Test("a flag beats the environment, which beats the file, key by key")
  func precedence() throws {
    let file = try File("socket = \"/file\"\nlog_level = \"warning\"\n" + soundText)
    let other = try File("socket = \"/other\"\n" + soundText)
    var sources = ConfigurationSources(environment: ["BEARERD_CONFIG": file.path])
    #expect(try sources.load().socketPath == "/file")
    #expect(try sources.load().logLevel == .warning)
    sources.environment["BEARERD_SOCKET"] = "/environment"
    #expect(try sources.load().socketPath == "/environment")
    #expect(try sources.load().logLevel == .warning)
    sources.socket = "/flag"
    sources.logLevel = "trace"
    #expect(try sources.load().socketPath == "/flag")
    #expect(try sources.load().logLevel == .trace)
    sources.socket = nil
    sources.environment["BEARERD_SOCKET"] = nil
    sources.config = other.path
    #expect(try sources.load().socketPath == "/other")
  }

  @Test("flags beat the environment for issuer and audiences, too")
  func flagsOverPair() throws {
    let configuration = try ConfigurationSources(
      issuer: "https://flag.example", environment: ["BEARERD_ISSUER": "https://e.example", "BEARERD_AUDIENCE": "x"]
    ).load()
    #expect(configuration.issuers.map(\.url) == ["https://flag.example"])
    #expect(configuration.policies.map(\.audiences) == [["x"]])
  }

  @Test("a file and an issuer exclude each other, wherever they are named")
  func exclusion() {
    let expected = "an issuer with its audiences is a whole configuration; expected one of the two"
    #expect(
      faults(ConfigurationSources(config: "/x", issuer: "https://a.example", audiences: ["a"], environment: [:]))
        == "--issuer: stands beside --config: \(expected)")
    #expect(
      faults(
        ConfigurationSources(
          config: "/x", environment: ["BEARERD_ISSUER": "https://a.example", "BEARERD_AUDIENCE": "a"]))
        == "BEARERD_ISSUER: stands beside --config: \(expected)")
    #expect(
      faults(
        ConfigurationSources(
          issuer: "https://a.example", audiences: ["a"], environment: ["BEARERD_CONFIG": "/x"]))
        == "--issuer: stands beside BEARERD_CONFIG: \(expected)")
  }

  @Test("an issuer needs audiences and audiences an issuer")
  func pair() {
    #expect(
      faults(ConfigurationSources(issuer: "https://a.example", environment: [:]))
        == "--issuer: an issuer alone is no configuration; expected --audience with what the tokens have as aud (or BEARERD_AUDIENCE)"
    )
    #expect(
      faults(ConfigurationSources(environment: ["BEARERD_AUDIENCE": "a"]))
        == "BEARERD_AUDIENCE: audiences alone are no configuration; expected --issuer with what the tokens have as iss (or BEARERD_ISSUER)"
    )
  }

  @Test("blank flags and list items are faults")
  func blanks() {
    #expect(
      faults(ConfigurationSources(issuer: "", audiences: ["a"], environment: [:])) == "--issuer: blank; found \"\"")
    #expect(
      faults(ConfigurationSources(issuer: "https://a.example", environment: ["BEARERD_AUDIENCE": "a,,b"]))
        == "BEARERD_AUDIENCE: blank; found \"\"")
  }

  @Test("faults of flags and variables name the flag or variable")
  func flagFaults() {
    #expect(
      faults(
        ConfigurationSources(
          issuer: "http://a.example", audiences: ["a"], socket: "s", environment: ["BEARERD_LOG_LEVEL": "inf"]))
          == """
          --socket: not acceptable; found "s", expected an absolute path of at most 107 bytes that names a file
          BEARERD_LOG_LEVEL: unknown word; did you mean "info"?; found "inf", expected one of "trace", "debug", "info", "notice", "warning", "error", "critical"
          --issuer: plain http to another host; found "http://a.example", expected an https:// address, or http:// on loopback (127.0.0.0/8, [::1], localhost)
          """)
  }

  @Test("faults in a file begin with its path")
  func fileFaults() throws {
    let file = try File("x = 1\n" + soundText)
    #expect(
      faults(ConfigurationSources(config: file.path, environment: [:])).hasPrefix(
        "\(file.path): line 1: x: unknown key"))
  }

  @Test("a file that is missing, a directory or endless is refused in words")
  func unreadable() {
    #expect(
      faults(ConfigurationSources(config: "/nonexistent/b.toml", environment: [:]))
        == "/nonexistent/b.toml: there is no such file; expected a configuration file there, --config FILE, or --issuer URL with --audience AUD"
    )
    #expect(
      faults(ConfigurationSources(config: "/tmp", environment: [:]))
        == "/tmp: user \(geteuid()) cannot read it: it is a directory")
    #expect(
      faults(ConfigurationSources(config: "/dev/zero", environment: [:]))
        == "/dev/zero: user \(geteuid()) cannot read it: it is not a regular file")
  }

  @Test("the log format comes from flag, environment or file, in this order, and tells of faults too")
  func logFormat() throws {
    func sources(_ flag: String?, _ variable: String?) -> ConfigurationSources {
      ConfigurationSources(
        issuer: "https://a.example", audiences: ["api"], logFormat: flag,
        environment: variable.map { ["BEARERD_LOG_FORMAT": $0] } ?? [:])
    }
    #expect(try sources("json", "text").load().logFormat == .json)
    #expect(try sources(nil, "journal").load().logFormat == .journal)
    #expect(try sources(nil, nil).load().logFormat == .auto)
    #expect(try configuration("log_format = \"json\"\n" + soundText).logFormat == .json)
    #expect(sources("jsn", nil).logFormatForFaults == .auto)
    #expect(sources(nil, "json").logFormatForFaults == .json)
    #expect {
      try sources(nil, "jsn").load()
    } throws: { error in
      "\(error)"
        == #"BEARERD_LOG_FORMAT: unknown word; did you mean "json"?; found "jsn", expected one of "auto", "journal", "json", "text""#
    }
  }
}
