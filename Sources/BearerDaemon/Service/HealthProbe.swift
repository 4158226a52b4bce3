import BearerJSON
import BearerProtocol
package import BearerServer
package import NIOCore

/// The checks that the watchdog's pings rest on.
///
/// Every event loop must tell a good token from a bad one, by the verifier and libcrypto that requests go through, and
/// each of the daemon's sockets must answer a `ping`, which takes a descriptor, a place in the kernel's queue and the
/// accepting loop; the loops that fetch keys and the thread that writes the log must turn. The probe ends when its task is
/// cancelled, whatever is stuck.
package struct HealthProbe: Sendable {
  private let server: Server
  private let group: any EventLoopGroup
  private let isLogAlive: @Sendable () -> Bool
  private let canaryPasses: @Sendable (any LineHandler) -> Bool

  /// A probe of a server.
  ///
  /// - Parameters:
  ///   - server: The server, which must be running.
  ///   - group: The event loops that fetch keys.
  ///   - isLogAlive: Whether the thread that writes the log works.
  ///   - canaryPasses: Whether verifying works where this handler answers; called on its event loop.
  package init(
    _ server: Server, on group: any EventLoopGroup, isLogAlive: @escaping @Sendable () -> Bool = { true },
    canaryPasses: @escaping @Sendable (any LineHandler) -> Bool = { ($0 as? RequestHandler)?.canaryPasses() ?? false }
  ) {
    self.server = server
    self.group = group
    self.isLogAlive = isLogAlive
    self.canaryPasses = canaryPasses
  }

  /// Whether every check passes.
  package func passes() async -> Bool {
    guard isLogAlive() else { return false }
    for eventLoop in group.makeIterator() {
      // Any error, here and below, means no: a probe does not ask why.
      guard (try? await eventLoop.submit {}.getUnlessCancelled()) != nil else { return false }
    }
    // Loops that do not run cannot be asked.
    guard let canaries = try? await server.onEachEventLoop(canaryPasses), !canaries.isEmpty,
      canaries.allSatisfy(\.self)
    else { return false }
    // A daemon that cannot be reached by itself serves nobody.
    guard let replies = try? await server.askItself(Array(#"{"op":"ping"}"#.utf8) + [0x0A]) else {
      return false
    }
    return replies.allSatisfy(Self.isSignOfLife)
  }

  /// Whether a reply shows that requests are answered.
  ///
  /// `too_many_connections` does as well as `ok`: clients that hold all connections must not get the daemon restarted.
  package static func isSignOfLife(_ reply: [UInt8]) -> Bool {
    // A reply that is not JSON is no sign of life.
    guard let reply = try? JSONValue(parsing: reply) else { return false }
    return reply["ok"] == .bool(true)
      || reply["error"]?["code"]?.stringValue == UnavailableCode.tooManyConnections.rawValue
  }
}
