import BearerTOML
import Synchronization

/// Where reloads are asked for: by SIGHUP, by `reload`, by a file that changed.
///
/// ``Reloading`` does them, one at a time.
package final class Reloader: Sendable {
  /// The outcome of a reload.
  enum Outcome: Sendable {
    /// Every event loop answers by the new configuration.
    ///
    /// - Parameter restart: The changed keys that take effect at the next start only.
    case inForce(restart: [String])
    /// The new one is faulty, the old one stays in force.
    case refused(ConfigurationFaults)
  }

  /// What is asked for since the last reload began.
  struct Order {
    /// Whether somebody asked; else a file changed, perhaps only its times.
    var isExplicit = false
    /// Called with the outcome.
    var waiting: [@Sendable (Outcome) -> Void] = []
  }

  /// Has an element after each request for a reload.
  let orders: AsyncStream<Void>
  private let ordered: AsyncStream<Void>.Continuation
  private let next = Mutex(Order())

  /// A reloader that was not asked yet.
  package init() {
    (orders, ordered) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Asks for a reload; all requests that come while one is under way lead to one more.
  ///
  /// - Parameters:
  ///   - isExplicit: False if a file changed.
  ///   - done: Called once, unless the daemon stops before.
  func ask(isExplicit: Bool = true, _ done: (@Sendable (Outcome) -> Void)? = nil) {
    next.withLock { order in
      order.isExplicit = order.isExplicit || isExplicit
      if let done { order.waiting.append(done) }
    }
    ordered.yield()
  }

  /// What was asked for since the last call.
  func take() -> Order {
    next.withLock { order in
      defer { order = Order() }
      return order
    }
  }
}
