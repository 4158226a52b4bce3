package import BearerLogging
package import BearerTOML
import Logging

/// Where a configuration comes from: flags, environment and file; flag beats environment beats file, key by key.
///
/// An issuer with its audiences is a whole configuration and excludes a file, wherever either is named. A variable that
/// is empty counts as not set, because units and container files can hardly leave one out; an empty flag is a fault.
package struct ConfigurationSources: Sendable {
  /// Reads a configuration anew.
  package typealias Load = @Sendable () throws(ConfigurationFaults) -> Configuration

  /// `--config`: path of the file.
  package var config: String?
  /// `--issuer`: an issuer's url.
  package var issuer: String?
  /// `--audience`, repeated: the audiences that tokens of ``issuer`` are for.
  package var audiences: [String]
  /// `--socket`: path of the socket.
  package var socket: String?
  /// `--log-level`: the least severe messages that are logged.
  package var logLevel: String?
  /// `--log-format`: how messages are logged.
  package var logFormat: String?
  /// The process's environment.
  package var environment: [String: String]

  /// Sources; whatever is `nil` or empty was not given as a flag.
  package init(
    config: String? = nil, issuer: String? = nil, audiences: [String] = [], socket: String? = nil,
    logLevel: String? = nil, logFormat: String? = nil, environment: [String: String]
  ) {
    self.config = config
    self.issuer = issuer
    self.audiences = audiences
    self.socket = socket
    self.logLevel = logLevel
    self.logFormat = logFormat
    self.environment = environment
  }

  /// A value and the flag or variable that gave it.
  private struct Given<Value> {
    var value: Value
    var place: String
  }

  /// Reads everything anew; a reload calls it again.
  ///
  /// - Throws: All faults that were found.
  package func load() throws(ConfigurationFaults) -> Configuration {
    let config = given(config, "--config", "BEARERD_CONFIG")
    let issuer = given(issuer, "--issuer", "BEARERD_ISSUER")
    let audiences = givenAudiences
    var faults = exclusions(config: config?.place, issuer: issuer?.place, audiences: audiences?.place)
    faults += blanks(
      in: [config, issuer] + (audiences?.value ?? []).map { Given(value: $0, place: audiences?.place ?? "") })
    guard faults.isEmpty else { throw ConfigurationFaults(faults) }

    var overrides = Overrides()
    if let socket = given(socket, "--socket", "BEARERD_SOCKET") { overrides.readSocket(socket.value, at: socket.place) }
    if let level = given(logLevel, "--log-level", "BEARERD_LOG_LEVEL") {
      overrides.logLevel = overrides.word(level.value, as: Logger.Level.self, at: level.place)
    }
    if let format = given(logFormat, "--log-format", "BEARERD_LOG_FORMAT") {
      overrides.logFormat = overrides.word(format.value, as: LogFormat.self, at: format.place)
    }

    var configuration: Configuration
    do throws(ConfigurationFaults) {
      if let issuer, let audiences {
        configuration = try Self.configuration(
          of: issuer.value, at: issuer.place, audiences: audiences.value, environment: environment)
      } else {
        configuration = try Self.configuration(
          in: config?.value ?? Configuration.defaultFile, environment: environment)
      }
    } catch {
      throw ConfigurationFaults(file: error.file, overrides.faults + error.faults)
    }
    guard overrides.faults.isEmpty else { throw ConfigurationFaults(overrides.faults) }
    overrides.apply(to: &configuration)
    return configuration
  }

  /// How to tell that the configuration is faulty: what flag or environment say, if it can be understood.
  package var logFormatForFaults: LogFormat {
    given(logFormat, "--log-format", "BEARERD_LOG_FORMAT").flatMap { LogFormat(rawValue: $0.value) } ?? .auto
  }

  // MARK: Flags and environment

  private func given(_ flag: String?, _ flagName: String, _ variable: String) -> Given<String>? {
    if let flag { return Given(value: flag, place: flagName) }
    if let value = environment[variable], !value.isEmpty { return Given(value: value, place: variable) }
    return nil
  }

  private var givenAudiences: Given<[String]>? {
    if !audiences.isEmpty { return Given(value: audiences, place: "--audience") }
    return given(nil, "", "BEARERD_AUDIENCE").map { list in
      let items = list.value.split(separator: ",", omittingEmptySubsequences: false)
      return Given(value: items.map { String($0.trimmingSpaces()) }, place: list.place)
    }
  }

  private func exclusions(config: String?, issuer: String?, audiences: String?) -> [ConfigurationFault] {
    var faults: [ConfigurationFault] = []
    if let config, let other = issuer ?? audiences {
      faults.append(
        ConfigurationFault(
          place: other, expected: "one of the two",
          message: "stands beside \(config): an issuer with its audiences is a whole configuration"))
    }
    if let issuer, audiences == nil {
      faults.append(
        ConfigurationFault(
          place: issuer, expected: "--audience with what the tokens have as aud (or BEARERD_AUDIENCE)",
          message: "an issuer alone is no configuration"))
    }
    if let audiences, issuer == nil {
      faults.append(
        ConfigurationFault(
          place: audiences, expected: "--issuer with what the tokens have as iss (or BEARERD_ISSUER)",
          message: "audiences alone are no configuration"))
    }
    return faults
  }

  private func blanks(in values: [Given<String>?]) -> [ConfigurationFault] {
    values.compactMap { $0 }.filter { TableReader.isBlank($0.value) }.map {
      ConfigurationFault(place: $0.place, found: ConfigurationFault.quoted($0.value), message: "blank")
    }
  }

  // MARK: Configurations

  private static func configuration(
    in file: String, environment: [String: String]
  ) throws(ConfigurationFaults) -> Configuration {
    let root: TOMLTable
    do throws(ConfigurationFault) {
      root = try TOMLReader.read(ConfigurationFile.read(file))
    } catch {
      throw ConfigurationFaults(file: file, [error])
    }
    var parser = ConfigurationParser(root, environment: environment)
    do throws(ConfigurationFaults) {
      return try parser.parse()
    } catch {
      throw ConfigurationFaults(file: file, error.faults)
    }
  }

  /// The configuration of one issuer and one policy, held to the same rules as one from a file.
  private static func configuration(
    of issuer: String, at place: String, audiences: [String], environment: [String: String]
  ) throws(ConfigurationFaults) -> Configuration {
    let name = Configuration.defaultName
    func table(_ key: String, _ content: TOMLValue.Content) -> TOMLTable {
      TOMLTable([.init(key: key, value: TOMLValue(content))])
    }
    let url = table("url", .string(issuer))
    let audiences = table("audiences", .array(audiences.map { TOMLValue(.string($0)) }))
    let root = TOMLTable(
      table("issuer", .table(table(name, .table(url)))).entries
        + table("policy", .table(table(name, .table(audiences)))).entries)
    var parser = ConfigurationParser(root, environment: environment)
    do throws(ConfigurationFaults) {
      return try parser.parse()
    } catch {
      // Only the url can be at fault, and whoever gave a flag does not know of a key by that name.
      let own = error.faults.map { fault in
        var fault = fault
        if fault.place == "issuer.\(name).url" { fault.place = place }
        return fault
      }
      throw ConfigurationFaults(own)
    }
  }
}

/// What flags and environment set over any configuration.
private struct Overrides {
  var faults: [ConfigurationFault] = []
  private var socketPath: String?
  var logLevel: Logger.Level?
  var logFormat: LogFormat?

  mutating func readSocket(_ text: String, at place: String) {
    socketPath = ConfigurationParser.socketPath(text)
    guard socketPath == nil else { return }
    faults.append(
      ConfigurationFault(
        place: place, found: ConfigurationFault.quoted(text), expected: ConfigurationParser.socketExpectation,
        message: "not acceptable"))
  }

  /// One of a few words.
  mutating func word<Word: RawRepresentable<String> & CaseIterable>(
    _ text: String, as type: Word.Type, at place: String
  ) -> Word? {
    if let word = Word(rawValue: text) { return word }
    let words = Word.allCases.map(\.rawValue)
    let meant = NearMiss.of(text, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
    faults.append(
      ConfigurationFault(
        place: place, found: ConfigurationFault.quoted(text),
        expected: "one of " + words.map { "\"\($0)\"" }.joined(separator: ", "), message: "unknown word\(meant)"))
    return nil
  }

  func apply(to configuration: inout Configuration) {
    if let socketPath { configuration.socketPath = socketPath }
    if let logLevel { configuration.logLevel = logLevel }
    if let logFormat { configuration.logFormat = logFormat }
  }
}

extension Substring {
  fileprivate func trimmingSpaces() -> Substring {
    var rest = drop(while: { $0 == " " })
    while rest.last == " " { rest.removeLast() }
    return rest
  }
}
