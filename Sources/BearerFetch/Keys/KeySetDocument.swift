import BearerJOSE
import BearerJSON
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
  ///   - usesPublishedPrivateKeys: Whether a key is used whose private part stands in the set.
  /// - Returns: A set with at least one usable key.
  /// - Throws: `not_json`, `not_a_key_set`, `empty_key_set` or `no_usable_key`.
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
      if let answer { throw JSONFault.failure(error, answer: answer, what: "a key set") }
      throw FetchFault(
        .notJSON, found: "\(origin) is not JSON (\(error.kind) at byte \(error.offset))",
        advice: "write a JWK Set into it (RFC 7517)")
    case .notAKeySet:
      throw FetchFault(
        .notAKeySet, found: "\(origin) is JSON, but no key set: it has no list \"keys\"",
        advice: "check that the address is that of the provider's JWKS")
    case .empty:
      throw FetchFault(.emptyKeySet, found: "the key set \(origin) is empty", advice: "have the provider publish a key")
    case .noUsableKey:
      let names = algorithms.map(\.rawValue).sorted().joined(separator: " ")
      throw FetchFault(
        .noUsableKey,
        found: "no key of \(origin) is usable with the allowed algorithms (\(names)); it holds \(kinds(in: body))",
        advice: "allow the provider's algorithm in algorithms, or have it publish a signature key")
    }
  }

  /// The first keys of a set by type, algorithm and use, for a message.
  private static func kinds(in body: [UInt8]) -> String {
    let keys = (try? JSONValue(parsing: body))?["keys"]?.arrayValue ?? []
    let kinds = keys.prefix(4).map { key in
      let words = ["kty", "crv", "alg", "use"].compactMap { member in
        key[member]?.stringValue.map { "\(member) \(ShownText.quoted($0))" }
      }
      return words.isEmpty ? "something that is no key" : words.joined(separator: " ")
    }
    return kinds.joined(separator: ", ") + (keys.count > 4 ? " and \(keys.count - 4) more" : "")
  }
}
