/// Everything that is wrong with a configuration, in the order of the file.
package struct ConfigurationFaults: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file that was read; `nil` if the faults are about flags and environment.
  package var file: String?
  /// The faults; never empty.
  package var faults: [ConfigurationFault]

  /// Faults of a configuration.
  package init(file: String? = nil, _ faults: [ConfigurationFault]) {
    self.file = file
    self.faults = faults
  }

  /// One line per fault; those that have a place in the file begin with its path.
  package var description: String {
    faults.map { fault in
      guard let file, file != fault.place, !Self.isFlagOrVariable(fault.place) else { return fault.description }
      return "\(file): \(fault.description)"
    }.joined(separator: "\n")
  }

  /// Keys of the file are in small letters, variables in capitals.
  private static func isFlagOrVariable(_ place: String) -> Bool {
    place.hasPrefix("--") || place.first?.isUppercase == true
  }
}
