import BearerTOML

@testable import BearerConfiguration

/// Reads a text as a configuration file.
func configuration(_ text: String, environment: [String: String] = [:]) throws -> Configuration {
  try Configuration(reading: TOMLReader.read(Array(text.utf8)), environment: environment)
}

/// What is wrong with a text, one line per fault; empty if nothing is.
func faults(_ text: String, environment: [String: String] = [:]) -> String {
  do {
    _ = try configuration(text, environment: environment)
    return ""
  } catch {
    return "\(error)"
  }
}

/// A configuration without fault on four lines, to which tests add.
let soundText = """
  [issuer.a]
  url = "https://a.example"
  [policy.default]
  audiences = ["api"]

  """
