import BearerFraming
package import BearerTOML

extension Limits: ConfigurationTable {
  private static let many = 1...1_000_000
  private static let bytes = 1...1_073_741_824
  /// A line of this length closes its connection, so that `line_bytes` cannot be more.
  private static let lineBytes = 1...1_048_576
  private static let patience: ClosedRange<Duration> = .milliseconds(1) ... .seconds(86_400)

  package static let keys: [ConfigurationKey<Limits>] = [
    .init("line_bytes", \.server.lineBytes, .integer(lineBytes), restart: true),
    .init("token_bytes", \.tokenBytes, .integer(lineBytes)),
    .init("connections", \.server.connections, .integer(many), restart: true),
    .init("connections_per_uid", \.server.connectionsPerUID, .integer(many), restart: true),
    .init("in_flight", \.server.inFlight, .integer(many), restart: true),
    .init("output_bytes", \.server.outputBytes, .integer(bytes), restart: true),
    .init("waiting_bytes", \.waitingBytes, .integer(65_536...1_073_741_824)),
    .init("partial_line_timeout", \.server.partialLineTimeout, .duration(patience), restart: true),
    .init("write_timeout", \.server.writeTimeout, .duration(patience), restart: true),
    .init(
      "token_cache_bytes", \.tokenCacheBytes, .integer(bytes),
      absence: "16777216, at most an eighth of the control group's memory"),
  ]

  package func finish(_ reader: inout TableReader) {
    guard tokenBytes > server.lineBytes else { return }
    reader.refuse(
      reader.has("token_bytes") ? "token_bytes" : "line_bytes",
      found: "line_bytes \(server.lineBytes) and token_bytes \(tokenBytes)",
      expected: "token_bytes of at most line_bytes", "a token that long cannot arrive in a line")
  }
}
