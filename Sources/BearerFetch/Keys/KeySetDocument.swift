import BearerJOSE
import BearerKeys

/// Reads a key set that may replace the one in use.
enum KeySetDocument {
  /// Compiles the set.
  ///
  /// - Parameters:
  ///   - body: The document.
  ///   - origin: Where it came from, for messages.
  ///   - answer: The response, if it came by HTTP.
  ///   - algorithms: What the operator allows.
  ///   - previous: The set in use, whose compiled keys are kept.
  ///   - usesPublishedPrivateKeys: Whether a key is used although its private part is in the set.
  /// - Returns: A set with at least one usable key.
  /// - Throws: `not_json`, `not_a_key_set`, `empty_key_set`, `no_usable_key` or `keys_undecided`.
  static func keys(
    in body: [UInt8], origin: String, answer: HTTPAnswer?, algorithms: Set<Algorithm>, reusing previous: KeySet?,
    usesPublishedPrivateKeys: Bool
  ) throws(FetchFault) -> KeySet {
    let fault: KeySetFault
    do throws(KeySetFault) {
      return try KeySet(
        parsing: body, algorithms: algorithms, reusing: previous, usesPublishedPrivateKeys: usesPublishedPrivateKeys)
    } catch {
      fault = error
    }
    switch fault {
    case .notJSON(let error):
      throw JSONFault.failure(error, body: body, origin: origin, answer: answer, what: "a key set")
    case .notAKeySet:
      throw FetchFault(
        .notAKeySet, found: "\(origin) is JSON, but no key set: it has no list \"keys\"",
        advice: answer == nil
          ? "write {\"keys\": […]} into it, with the keys as its elements (RFC 7517 section 5)"
          : "check that the address is that of the provider's JWKS")
    case .empty:
      throw FetchFault(
        .emptyKeySet, found: "the key set \(origin) is empty",
        advice: answer == nil ? "put a signature key into it" : "have the provider publish a key")
    case .noUsableKey(let entries, let leftOut):
      var fault = KeyProblems.noUsableKey(entries, leftOut: leftOut, origin: origin, isFile: answer == nil)
      fault.refusedKeys = entries
      fault.refusedKeysLeftOut = leftOut
      throw fault
    case .undecided:
      throw FetchFault(
        .keysUndecided, found: "libcrypto could not read a key of \(origin), probably for want of memory",
        advice: "give bearerd more memory")
    }
  }
}
