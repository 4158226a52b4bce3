import Synchronization

/// Keys in memory, for tests.
package final class KeyRing: KeyStore {
  private let held: Mutex<[IssuerKey]>

  /// A ring that holds `keys`, oldest first.
  package init(_ keys: [IssuerKey] = []) {
    held = Mutex(keys)
  }

  package func keys() -> [IssuerKey] {
    held.withLock { $0 }
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
