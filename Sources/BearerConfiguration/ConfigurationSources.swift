import BearerCrypto
import BearerFiles
package import BearerLogging
package import BearerTOML
import BearerThreads
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
  package var audiences: [String] = []
  /// `--socket`: path of the socket.
  package var socket: String?
  /// `--admin-socket`: path of the socket for administrators.
  package var adminSocket: String?
  /// `--log-level`: the least severe messages that are logged.
  package var logLevel: String?
  /// `--log-format`: how messages are logged.
  package var logFormat: String?
  /// The process's environment.
  package var environment: [String: String] = [:]

  /// A value and the flag or variable that gave it.
  fileprivate struct Given<Value> {
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

    let overrides = Overrides([
      "socket": given(socket, "--socket", "BEARERD_SOCKET"),
      "admin_socket": given(adminSocket, "--admin-socket", "BEARERD_ADMIN_SOCKET"),
      "log_level": given(logLevel, "--log-level", "BEARERD_LOG_LEVEL"),
      "log_format": given(logFormat, "--log-format", "BEARERD_LOG_FORMAT"),
    ])
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
      configuration = Configuration()
      throw ConfigurationFaults(file: error.file, overrides.apply(to: &configuration) + error.faults)
    }
    let overrideFaults = overrides.apply(to: &configuration)
    guard overrideFaults.isEmpty else { throw ConfigurationFaults(overrideFaults) }
    return configuration
  }

  /// The file that is read; `nil` if flags and environment are the whole configuration.
  package var file: String? {
    given(issuer, "--issuer", "BEARERD_ISSUER") == nil
      ? given(config, "--config", "BEARERD_CONFIG")?.value ?? Configuration.defaultFile : nil
  }

  /// The format in which faults of the configuration are logged: that of flag or environment, if it is valid.
  package var logFormatForFaults: LogFormat {
    given(logFormat, "--log-format", "BEARERD_LOG_FORMAT").flatMap { LogFormat(rawValue: $0.value) } ?? .auto
  }

  // MARK: Flags and environment

  private func given(_ flag: String?, _ flagName: String, _ variable: String) -> Given<String>? {
    if let flag { return Given(value: flag, place: flagName) }
    if let value = environment.variable(variable) { return Given(value: value, place: variable) }
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
    var root: TOMLTable
    let digest: String
    do throws(ConfigurationFault) {
      let bytes = try ConfigurationFile.read(file)
      CurrentThread.giveWay()
      digest = SHA256.hexadecimal(of: bytes)
      CurrentThread.giveWay()
      root = try TOMLReader.read(bytes)
    } catch {
      throw ConfigurationFaults(file: file, [error])
    }
    do throws(ConfigurationFaults) {
      var configuration = try Configuration(reading: root, environment: environment)
      configuration.digest = digest
      root.free()
      return configuration
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
    do throws(ConfigurationFaults) {
      return try Configuration(reading: root, environment: environment)
    } catch {
      // Only the url can be at fault, and a user of the flag does not know the key's name.
      let own = error.faults.map { fault in
        var fault = fault
        if fault.place == "issuer.\(name).url" { fault.place = place }
        return fault
      }
      throw ConfigurationFaults(own)
    }
  }
}

extension ConfigurationSources {
  /// No flags and an empty environment, but for what `change` sets.
  package init(_ change: (inout Self) -> Void = { _ in }) {
    self.init()
    change(&self)
  }
}

/// What flags and environment set over any configuration, by the same rows as the file.
private struct Overrides {
  private let given: [(key: String, value: ConfigurationSources.Given<String>)]

  init(_ given: KeyValuePairs<String, ConfigurationSources.Given<String>?>) {
    self.given = given.compactMap { key, value in value.map { (key, $0) } }
  }

  /// Sets what was given.
  ///
  /// - Returns: What is wrong with them, by the names of their flags and variables.
  func apply(to configuration: inout Configuration) -> [ConfigurationFault] {
    given.flatMap { key, given in
      var reader = TableReader(
        TOMLTable([.init(key: key, value: TOMLValue(.string(given.value)))]), at: [], keys: [key])
      for row in Configuration.keys where row.name == key { row.read(&reader, &configuration) }
      return reader.faults.map { fault in
        var fault = fault
        fault.place = given.place
        return fault
      }
    }
  }
}

extension Substring {
  fileprivate func trimmingSpaces() -> Substring {
    var rest = drop(while: { $0 == " " })
    while rest.last == " " { rest.removeLast() }
    return rest
  }
}
