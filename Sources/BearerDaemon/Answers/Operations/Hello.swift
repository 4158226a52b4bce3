import BearerConfiguration
import BearerFraming
import BearerJSON
import BearerProtocol
import BearerServer

/// `hello`: what this daemon speaks.
extension RequestHandler {
  func hello(from peer: Peer, into reply: inout [UInt8]) -> LineOutcome {
    answer(with: reporter.hello(active, isForAdministrators: peer.isAdministrator), into: &reply)
  }
}

extension StatusReporter {
  /// What the reply to `hello` has besides `ok`.
  ///
  /// - Parameters:
  ///   - active: The configuration in force.
  ///   - isForAdministrators: Whether the operations of administrators are listed, too.
  /// - Returns: The members.
  func hello(_ active: ActiveConfiguration, isForAdministrators: Bool) -> JSONObject {
    let operations = Operation.allCases.filter { isForAdministrators || $0.row.callers != .administrators }
    let reloaded = active.configuration.limits
    return [
      "protocol": .number(JSONNumber(Int64(ProtocolLimits.version))),
      "version": .string(Version.current),
      "ops": .object(
        JSONObject(
          operations.map { operation in
            .init(name: operation.name, value: .array(operation.memberNames.map { .string($0) }))
          })),
      "limits": [
        "line_bytes": .number(JSONNumber(Int64(limits.lineBytes))),
        "token_bytes": .number(JSONNumber(Int64(reloaded.tokenBytes))),
        "connections": .number(JSONNumber(Int64(limits.connections))),
        "connections_per_uid": .number(JSONNumber(Int64(limits.connectionsPerUID))),
        "in_flight": .number(JSONNumber(Int64(limits.inFlight))),
        "output_bytes": .number(JSONNumber(Int64(limits.outputBytes))),
        "waiting_bytes": .number(JSONNumber(Int64(reloaded.waitingBytes))),
        "partial_line_timeout_ms": .number(JSONNumber(limits.partialLineTimeout.milliseconds)),
        "write_timeout_ms": .number(JSONNumber(limits.writeTimeout.milliseconds)),
      ],
      "features": ["explain"],
    ]
  }
}
