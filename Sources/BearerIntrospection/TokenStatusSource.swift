/// What is asked of a back-end.
package struct StatusCall: Sendable {
  /// The token; a `b64token`.
  package var token: [UInt8]
  /// What the answer must agree with, if anything is known of the token.
  package var identity: TokenIdentity?

  /// A call about this token.
  package init(token: [UInt8], identity: TokenIdentity?) {
    self.token = token
    self.identity = identity
  }
}

/// A back-end over the network; or a script in tests.
package protocol TokenStatusSource: Sendable {
  /// Asks once, with its own bound on the whole time.
  func ask(_ call: StatusCall) async -> Result<TokenStatus, BackEndFault>

  /// Makes the next call read the credentials anew, and use no connection that was made with the old ones.
  func forgetCredentials()

  /// Ends its connections; nothing is asked any more.
  func close()
}
