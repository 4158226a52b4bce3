import BearerConfiguration

/// What presets have set, for `bearerd check`.
enum PresetLines {
  /// A line for each issuer with a preset, one for each value that it has set, and one for what it cannot know.
  static func lines(for configuration: Configuration) -> [String] {
    configuration.issuers.flatMap { issuer -> [String] in
      guard let preset = issuer.preset else { return [] }
      let plain = IssuerConfiguration(name: issuer.name)
      var begun = plain
      preset.apply(to: &begun, url: issuer.url)
      let now = Dictionary(
        uniqueKeysWithValues: IssuerConfiguration.differences(from: plain, to: issuer).map { ($0.name, $0.text) })
      let values = IssuerConfiguration.differences(from: plain, to: begun).filter { $0.name != "preset" }
      let place = "issuer.\(issuer.name)"
      return [
        "", "\(place): preset \"\(preset.rawValue)\" has set these; a key of that name in [\(place)] counts over it:",
      ]
        + values.map { value in
          let isOver = now[value.name] == value.text
          return "  \(value.name) = \(value.text)"
            + (isOver ? "" : "   (overridden: \(now[value.name] ?? "the default"))")
        } + ["  A policy must say what no preset can know: \(preset.advice)."]
    }
  }
}
