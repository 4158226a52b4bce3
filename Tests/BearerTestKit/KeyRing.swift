package import BearerDevIssuer
package import BearerJSON
import Synchronization

/// A development issuer's keys, in memory.
package final class KeyRing: KeyStore {
  private let held: Mutex<[IssuerKey]>
  private let grants = Mutex<[StoredTokenName: JSONObject]>([:])
  private let revoked = Mutex<Set<StoredTokenName>>([])

  /// A ring that holds `keys`, oldest first.
  package init(_ keys: [IssuerKey] = []) {
    held = Mutex(keys)
  }

  package func keys() -> [IssuerKey] {
    held.withLock { $0 }
  }

  package func claims(ofOpaque token: StoredTokenName) -> JSONObject? { grants.withLock { $0[token] } }

  package func isRevoked(_ token: StoredTokenName) -> Bool { revoked.withLock { $0.contains(token) } }

  package func keep(_ claims: JSONObject, of token: StoredTokenName) { grants.withLock { $0[token] = claims } }

  package func revoke(_ token: StoredTokenName) {
    grants.withLock { _ = $0.removeValue(forKey: token) }
    revoked.withLock { _ = $0.insert(token) }
  }

  /// Adds `key` as the newest.
  package func add(_ key: IssuerKey) {
    held.withLock { $0.append(key) }
  }

  /// Removes the key with this `kid`, if there is one.
  package func remove(kid: String) {
    held.withLock { $0.removeAll { $0.kid == kid } }
  }

  /// Replaces all keys at once.
  package func replace(with keys: [IssuerKey]) {
    held.withLock { $0 = keys }
  }
}
