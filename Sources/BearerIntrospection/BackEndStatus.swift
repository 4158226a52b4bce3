/// The facts of op `status` about a back-end.
package struct BackEndStatus: Equatable, Sendable {
  /// Calls begun.
  package var calls: UInt64 = 0
  /// Calls that were answered yes.
  package var active: UInt64 = 0
  /// Calls that were answered no.
  package var inactive: UInt64 = 0
  /// Calls without an answer.
  package var failures: UInt64 = 0
  /// Requests that the budget held back.
  package var overBudget: UInt64 = 0
  /// Why the last call failed; `nil` once one is answered again.
  package var fault: BackEndFault?
  /// How much longer the back-end is not asked.
  package var pause: Duration?
  /// Calls in flight.
  package var running = 0
  /// Calls that wait for one in flight to end.
  package var queued = 0
  /// Requests that wait for an answer.
  package var waiting = 0
  /// Tokens that are known as active, or as active before.
  package var known = 0
  /// Whether every one of many tokens whose signature is good was called inactive.
  package var callsAllInactive = false
}

/// What happened to a back-end that an operator should hear of.
package enum BackEndChange: Equatable, Sendable {
  /// A call failed; `consecutive` counts it with the failures in a row that the same people must fix.
  case failed(BackEndFault, consecutive: Int)
  /// A call was answered again after failures.
  case recovered
  /// The back-end called a token inactive, for the first time since the credentials are in use.
  case firstInactive
  /// Every one of many tokens whose signature is good was called inactive.
  case callsAllInactive
  /// The credentials are read anew.
  case credentialsChanged
}
