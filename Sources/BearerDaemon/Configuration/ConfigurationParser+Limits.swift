import BearerTOML

extension ConfigurationParser {
  /// A line of this length closes its connection, so that `line_bytes` cannot be more.
  static let longestLine = 1_048_576

  /// Reads the `[limits]` table.
  mutating func limits(_ table: TOMLTable) -> Limits {
    var reader = TableReader(table, at: ["limits"], keys: LimitKey.names)
    defer { faults += reader.faults }

    var limits = Limits()
    let many = 1...1_000_000
    let bytes = 1...1_073_741_824
    limits.lineBytes = reader.integer("line_bytes", in: 1...Self.longestLine) ?? limits.lineBytes
    limits.tokenBytes = reader.integer("token_bytes", in: 1...Self.longestLine) ?? limits.tokenBytes
    limits.connections = reader.integer("connections", in: many) ?? limits.connections
    limits.connectionsPerUID = reader.integer("connections_per_uid", in: many) ?? limits.connectionsPerUID
    limits.inFlight = reader.integer("in_flight", in: many) ?? limits.inFlight
    limits.outputBytes = reader.integer("output_bytes", in: bytes) ?? limits.outputBytes
    let room = 65_536...1_073_741_824
    limits.waitingBytes = reader.integer("waiting_bytes", in: room) ?? limits.waitingBytes
    let patience: ClosedRange<Duration> = .milliseconds(1) ... .seconds(86_400)
    limits.partialLineTimeout = reader.duration("partial_line_timeout", in: patience) ?? limits.partialLineTimeout
    limits.writeTimeout = reader.duration("write_timeout", in: patience) ?? limits.writeTimeout
    limits.tokenCacheBytes = reader.integer("token_cache_bytes", in: bytes) ?? limits.tokenCacheBytes

    if limits.tokenBytes > limits.lineBytes {
      let key = reader.has("token_bytes") ? "token_bytes" : "line_bytes"
      reader.refuse(
        key, found: "line_bytes \(limits.lineBytes) and token_bytes \(limits.tokenBytes)",
        expected: "token_bytes of at most line_bytes", "a token that long cannot arrive in a line")
    }
    return limits
  }
}
