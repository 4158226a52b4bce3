import BearerClaims
import BearerProtocol
import Logging
import Synchronization

/// Counts answers of each kind and, at log level `debug`, logs a line for each refusal.
///
/// Each event loop has one of its own, so that counting costs no more than an addition to memory that nobody else
/// writes. It can be read from any thread.
final class ReplyCounters: Sendable {
  private final class Counter: Sendable {
    let value = Atomic<UInt64>(0)
  }

  private let accepted = Counter()
  private let errors = Dictionary(uniqueKeysWithValues: ReplyCode.allCases.map { ($0, Counter()) })
  /// `nil` unless refusals are logged, so that nothing is paid for it otherwise.
  private let logger: Logger?

  /// Counters that stand at zero.
  init(logger: Logger) {
    self.logger = logger.logLevel <= .debug ? logger : nil
  }

  /// Counts a good token.
  func countAccepted() {
    accepted.value.add(1, ordering: .relaxed)
  }

  /// Counts an error.
  func count(_ code: ReplyCode) {
    errors[code]?.value.add(1, ordering: .relaxed)
  }

  /// Counts the refusal of a token, and logs it if refusals are logged; never the token itself.
  ///
  /// - Parameters:
  ///   - code: The reason.
  ///   - token: The token; empty if there was none.
  ///   - issuer: The issuer's short name, if the token got as far as its keys.
  func refuse(_ code: ReplyCode, token: Span<UInt8>, issuer: String?) {
    count(code)
    guard let logger else { return }
    var metadata: Logger.Metadata = ["bearerd.code": "\(code.rawValue)"]
    if !token.isEmpty { metadata["bearerd.fingerprint"] = "\(TokenFingerprint.text(of: token))" }
    if let issuer { metadata["bearerd.issuer"] = "\(issuer)" }
    // The operator may be the cause of this one.
    if code == .token(.inactiveToken) { metadata["bearerd.detail"] = "\(TokenQuestion.inactiveHint)" }
    logger.debug("token refused", metadata: metadata)
  }

  /// The counts that are not zero: `accepted`, then codes in the protocol's order.
  ///
  /// - Parameter allCounters: What to add up.
  /// - Returns: The names with their numbers.
  static func sum(_ allCounters: [ReplyCounters]) -> [(name: String, count: UInt64)] {
    func total(_ counter: (ReplyCounters) -> Counter?) -> UInt64 {
      allCounters.reduce(0) { $0 &+ (counter($1)?.value.load(ordering: .relaxed) ?? 0) }
    }
    return [("accepted", total { $0.accepted })]
      + ReplyCode.allCases.map { code in (code.rawValue, total { $0.errors[code] }) }.filter { $0.count > 0 }
  }
}
