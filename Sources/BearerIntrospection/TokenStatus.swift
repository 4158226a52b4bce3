package import BearerJSON

/// What a back-end says of a token: evidence, not a verdict.
package enum TokenStatus: Sendable {
  /// It is active, and this is what is known of it.
  case active(ActiveToken)
  /// It is not active; or whoever asks may not know.
  case inactive
}

/// What a back-end told of an active token, kept as it came.
package final class ActiveToken: Sendable {
  /// A JSON object.
  package let bytes: [UInt8]
  /// What stands where in it.
  package let tape: JSONTape

  /// Takes copies that are no larger than they must be; `tape` must be of `bytes`, and its value an object.
  package init(bytes: [UInt8], tape: JSONTape) {
    var copy: [UInt8] = []
    copy.reserveCapacity(bytes.count)
    copy.append(contentsOf: bytes)
    self.bytes = copy
    self.tape = tape.compact()
  }

  /// What all of it takes in memory, what malloc adds included.
  var heldBytes: Int { 192 + bytes.count + tape.nodeBytes }
}
