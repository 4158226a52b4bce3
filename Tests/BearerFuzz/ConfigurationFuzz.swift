import BearerClaims
import BearerConfiguration
import BearerJOSE
import BearerTOML

@testable import BearerDaemon

/// Any bytes as a configuration file: read, or refused with faults that stand in the file.
struct ConfigurationFuzz: FuzzTarget {
  static func seeds() throws -> [[UInt8]] {
    try Seeds.files("deploy", ".toml") + Seeds.files("Tests/EndToEndTests", ".txt")
  }

  init() {}

  mutating func feed(_ input: [UInt8]) {
    let lines = 1 + input.count { $0 == 0x0A }
    func requireShown(_ fault: ConfigurationFault) {
      require(fault.line.map { (1...lines).contains($0) } ?? true, "a fault outside of the file: \(fault)")
      require(!fault.description.isEmpty, "a fault without words")
    }
    let root: TOMLTable
    do throws(ConfigurationFault) {
      root = try TOMLReader.read(input)
    } catch {
      return requireShown(error)
    }
    do throws(ConfigurationFaults) {
      let configuration = try Configuration(reading: root, environment: [:])
      require(!configuration.issuers.isEmpty && !configuration.policies.isEmpty, "a configuration of nothing")
      for policy in configuration.policies {
        require(!policy.issuers.isEmpty && (!policy.audiences.isEmpty || !policy.checksAudience), "a policy of nothing")
      }
    } catch {
      require(!error.faults.isEmpty, "refused without a fault")
      error.faults.forEach(requireShown)
    }
  }
}
