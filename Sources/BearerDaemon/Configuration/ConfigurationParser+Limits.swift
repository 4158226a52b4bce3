extension ConfigurationParser {
  /// A line of this length closes its connection, so that `line_bytes` cannot be more.
  static let longestLine = 1_048_576

  /// Reads the `[limits]` table.
  mutating func limits(_ members: [String: ConfigurationValue]) -> Limits {
    var reader = TableReader<LimitKey>(members, at: ["limits"], in: document)
    defer { faults += reader.faults }

    var limits = Limits()
    let many = 1...1_000_000
    let bytes = 1...1_073_741_824
    limits.lineBytes = reader.integer(.lineBytes, in: 1...Self.longestLine) ?? limits.lineBytes
    limits.tokenBytes = reader.integer(.tokenBytes, in: 1...Self.longestLine) ?? limits.tokenBytes
    limits.connections = reader.integer(.connections, in: many) ?? limits.connections
    limits.connectionsPerUID = reader.integer(.connectionsPerUID, in: many) ?? limits.connectionsPerUID
    limits.inFlight = reader.integer(.inFlight, in: many) ?? limits.inFlight
    limits.outputBytes = reader.integer(.outputBytes, in: bytes) ?? limits.outputBytes
    limits.waitingPerIssuer = reader.integer(.waitingPerIssuer, in: many) ?? limits.waitingPerIssuer
    let patience: ClosedRange<Duration> = .milliseconds(1) ... .seconds(86_400)
    limits.partialLineTimeout = reader.duration(.partialLineTimeout, in: patience) ?? limits.partialLineTimeout
    limits.writeTimeout = reader.duration(.writeTimeout, in: patience) ?? limits.writeTimeout
    limits.tokenCacheBytes = reader.integer(.tokenCacheBytes, in: bytes) ?? limits.tokenCacheBytes

    if limits.tokenBytes > limits.lineBytes {
      let key: LimitKey = reader.has(.tokenBytes) ? .tokenBytes : .lineBytes
      reader.refuse(
        key, found: "line_bytes \(limits.lineBytes) and token_bytes \(limits.tokenBytes)",
        expected: "token_bytes of at most line_bytes", "a token that long cannot arrive in a line")
    }
    return limits
  }
}
