import BearerJOSE
import Synchronization

/// Key sets compiled once for all vectors that name them.
///
/// Sharing them is more than speed: what a verifier remembers about a signature belongs to one compiled key, so only
/// with shared keys does a second look at a token meet what the first one left behind.
final class KeySetShelf: Sendable {
  private struct Label: Hashable {
    var name: String
    var algorithms: Set<Algorithm>
  }

  private let compiled = Mutex<[Label: KeySet]>([:])

  /// The key set of this name for an issuer with these algorithms.
  func keySet(_ name: String, _ algorithms: Set<Algorithm>, parsing bytes: [UInt8]) throws -> KeySet {
    try compiled.withLock { compiled in
      let label = Label(name: name, algorithms: algorithms)
      if let set = compiled[label] { return set }
      let set = try KeySet(parsing: bytes, algorithms: algorithms)
      compiled[label] = set
      return set
    }
  }
}
