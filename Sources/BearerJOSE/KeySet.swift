package import BearerJSON

/// Why bytes are not a key set that may replace another.
package enum KeySetFault: Error, Equatable, Sendable {
  case notJSON(JSONError)
  case notAKeySet
  case empty
  case noUsableKey
}

/// An immutable set of an issuer's keys, compiled once (RFC 7517 section 5).
package struct KeySet: Sendable {
  package init(parsing bytes: [UInt8], algorithms: Set<Algorithm>, reusing previous: KeySet? = nil) throws(KeySetFault) {
    throw .empty
  }
  package struct Entry: Equatable, Sendable {
    package var kid: String?
    package var kty: String?
    package var alg: String?
    package var crv: String?
    package var use: String?
    package var isUsable: Bool
    package var problem: String?
  }
  package var entries: [Entry] = []
  package var usableKeys: Int = 0
}
