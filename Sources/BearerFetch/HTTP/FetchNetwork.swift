package import NIOCore
import NIOPosix

/// What the fetches of all issuers share: event loops, resolver, authorities, and a thread for long computations.
package struct FetchNetwork: Sendable {
  /// The event loops that connections live on.
  package let group: any EventLoopGroup
  /// The process's environment, for `HTTPS_PROXY` and `NO_PROXY`.
  package let environment: [String: String]
  let names: NameResolver
  let authorities: SystemAuthorities
  let materials: TLSMaterials
  private let compiler: SerialThread

  /// Nothing is resolved or read before the first fetch.
  ///
  /// - Parameters:
  ///   - group: The event loops that connections live on.
  ///   - environment: The process's environment.
  ///   - names: Resolves names.
  package init(group: any EventLoopGroup, environment: [String: String], names: NameResolver = NameResolver()) {
    self.group = group
    self.environment = environment
    self.names = names
    authorities = SystemAuthorities()
    materials = TLSMaterials()
    compiler = SerialThread()
  }

  /// Runs long computations on a thread of their own, one after the other.
  ///
  /// Tasks share only as many threads as there are cores: two large key sets would delay every other task.
  func compute<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await compiler.run(body)
  }
}

/// One thread that runs calls in their order.
private final class SerialThread: Sendable {
  private let thread = NIOThreadPool(numberOfThreads: 1)

  init() { thread.start() }

  deinit { thread.shutdownGracefully { _ in } }

  func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      thread.submit { [self] _ in
        // The call keeps the owner of its thread, so that the thread does not end before it.
        withExtendedLifetime(self) { continuation.resume(returning: body()) }
      }
    }
  }
}
