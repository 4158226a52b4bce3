import BearerConfiguration

/// What presets have set, for `bearerd check`.
enum PresetLines {
  /// A line for each issuer with a preset, one for each value that it has set, and one for what it cannot know.
  static func lines(for configuration: Configuration) -> [String] {
    configuration.issuers.flatMap { issuer -> [String] in
      guard let preset = issuer.preset else { return [] }
      let plain = IssuerConfiguration(name: issuer.name)
      var presetAlone = plain
      preset.apply(to: &presetAlone, url: issuer.url)
      let inForce = Dictionary(
        uniqueKeysWithValues: IssuerConfiguration.differences(from: plain, to: issuer).map { ($0.name, $0.text) })
      let values = IssuerConfiguration.differences(from: plain, to: presetAlone).filter { $0.name != "preset" }
      let place = "issuer.\(issuer.name)"
      return [
        "", "\(place): preset \"\(preset.rawValue)\" has set these; a key of that name in [\(place)] counts over it:",
      ]
        + values.map { value in
          let isInForce = inForce[value.name] == value.text
          return "  \(value.name) = \(value.text)"
            + (isInForce ? "" : "   (overridden: \(inForce[value.name] ?? "the default"))")
        } + ["  A policy must say what no preset can know: \(preset.advice)."]
    }
  }
}
