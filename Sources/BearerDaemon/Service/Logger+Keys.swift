import BearerJOSE
import BearerKeys
import Logging

extension Logger {
  /// A logger whose every message names the issuer.
  func forIssuer(_ name: String) -> Logger {
    var logger = self
    logger[metadataKey: "bearerd.issuer"] = "\(name)"
    return logger
  }

  /// Logs a change of an issuer's keys.
  func tell(_ change: IssuerKeysChange) {
    switch change {
    case .replaced(let snapshot, let change):
      if snapshot.keys.entries.contains(where: { $0.problem == .privateKeyPublished }) {
        error("the key set holds the private part of a key: whoever can read it can sign; have it replaced at once")
      }
      let metadata: Metadata = [
        "bearerd.keys": "\(change.keys)", "bearerd.added": Self.list(change.added),
        "bearerd.removed": Self.list(change.removed),
      ]
      if change.changed {
        notice("key set replaced", metadata: metadata)
      } else {
        debug("key set refreshed", metadata: metadata)
      }
    case .confirmed: debug("key set confirmed")
    // Logged where the set was found.
    case .restored: break
    case .failed(let fault, let failures):
      let metadata: Metadata = [
        "bearerd.code": "\(fault.code.rawValue)", "bearerd.detail": "\(fault.message)",
        "bearerd.failures": "\(failures)",
      ]
      // The first, second, fourth, eighth … failure in a row is logged; all are counted, and op `status` shows the
      // count.
      if failures.nonzeroBitCount == 1 {
        warning("key refresh failed; the keys are as they were", metadata: metadata)
      } else {
        debug("key refresh failed again", metadata: metadata)
      }
    case .health(.fresh): info("keys are fresh")
    case .health(.stale): warning("keys are stale and still used")
    case .health(.empty), .health(.expired):
      error("keys have expired; tokens of this issuer cannot be verified")
    }
  }

  /// A provider's names, without control characters and few enough to read.
  private static func list(_ kids: [String]) -> MetadataValue {
    .array(
      kids.prefix(16).map { kid in
        let scalars = kid.unicodeScalars.prefix(64).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }
        return "\(String(String.UnicodeScalarView(scalars)))"
      })
  }
}
