import BearerClaims
import BearerJSON
import BearerProtocol

/// A request line that was answered with an acceptance, apart from its `id`.
final class CachedLine {
  /// Where the `id` is in the line.
  let idPosition: LineShape.IDPosition
  /// What it asks, for the rules of peers.
  let request: Request
  /// The configuration that it was answered by (`ActiveConfigurationStore.version`).
  let configuration: UInt64
  let basis: AcceptanceBasis
  /// The reply behind the `id`, without the parts that change with time.
  private let reply: [UInt8]
  /// Bytes of memory that all of it takes.
  let heldBytes: Int

  /// Splits a reply into what stays and what changes.
  ///
  /// It is `nil` if the reply does not end as `momentary` says: a back-end has its own clock, which may have moved on
  /// meanwhile.
  ///
  /// - Parameters:
  ///   - idPosition: Where the `id` is in the line.
  ///   - request: What the line asks.
  ///   - requestBytes: How long the line is without the token.
  ///   - configuration: The version of the configuration that it was answered by.
  ///   - basis: What the reply rests on.
  ///   - momentary: The parts of the reply that change with time.
  ///   - reply: The reply behind the `id`.
  init?(
    _ idPosition: LineShape.IDPosition, _ request: Request, requestBytes: Int, in configuration: UInt64,
    basis: AcceptanceBasis, momentary: AcceptanceBasis.Momentary, reply: Span<UInt8>
  ) {
    var (end, whole): ([UInt8], [UInt8]) = ([], [])
    momentary.append(to: &end)
    whole.append(reply)
    guard whole.count >= end.count, whole.suffix(end.count).elementsEqual(end) else { return nil }
    let kept = whole.dropLast(end.count)
    // A reply that tells 10 has the same end as one that tells 0.
    guard momentary.expiresIn == nil || kept.last == UInt8(ascii: ":") else { return nil }
    self.idPosition = idPosition
    self.request = request
    self.configuration = configuration
    self.basis = basis
    self.reply = Array(kept)
    // Its objects, its place in the table, and what growing leaves unused; a request's members may be kept twice.
    heldBytes = 512 + self.reply.count + 2 * requestBytes + request.constraints.overheadBytes + basis.heldBytes
  }

  /// Appends the reply as it is now.
  ///
  /// - Parameters:
  ///   - id: The line's `id`; empty if it has none.
  ///   - momentary: The parts that change with time, as they are now.
  ///   - line: Where the reply goes.
  func append(id: Span<UInt8>, _ momentary: AcceptanceBasis.Momentary, to line: inout [UInt8]) {
    line.beginReply(id: id)
    line.append(contentsOf: reply)
    momentary.append(to: &line)
  }
}
