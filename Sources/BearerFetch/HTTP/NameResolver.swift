import BearerKeys
import Glibc
import Synchronization

// getaddrinfo blocks, for 10 to 30 seconds if a name's server is silent. SwiftNIO puts all look-ups of an event loop on
// one queue, where such a name delays every other one, and abandoned look-ups stay in the queue. Here each look-up has
// a thread of its own, and all who want the same name share one look-up. At most `threads` look-ups run that somebody
// waits for. Abandoned ones do not count among these, but there are at most twice `threads` in all; and a name that was
// abandoned before may be looked up again only while such names hold less than half of `threads`.

/// Looks up names on threads of its own.
package final class NameResolver: Sendable {
  /// Looks up a name; may block.
  ///
  /// The result is empty if the name has no address or cannot be looked up.
  package typealias LookUp = @Sendable (_ name: String) -> [String]

  private struct LookUpState: Sendable {
    var waiters = Waiters<[String]?>()
    var hasBegun = false
  }

  private struct State {
    var lookUps: [String: LookUpState] = [:]
    /// Names that wait for a thread, in the order in which they came.
    var queue: [String] = []
    /// Names whose last look-up was abandoned by all who waited for it.
    var slow: Set<String> = []
    /// The address of a name that answered when the first one did not.
    var preferred: [String: String] = [:]
  }

  /// How many names are remembered as slow, and how many with a preferred address; providers choose some of them.
  private static let rememberedNames = 1024

  private let threads: Int
  private let lookUp: LookUp
  private let state = Mutex(State())

  /// A resolver that has no thread while nothing is looked up.
  ///
  /// - Parameters:
  ///   - threads: How many look-ups run at once that somebody waits for; as many abandoned ones may run too.
  ///   - lookUp: Looks up a name; by default as the system does.
  package init(threads: Int = 16, lookUp: @escaping LookUp = NameResolver.systemLookUp) {
    self.threads = max(2, threads)
    self.lookUp = lookUp
  }

  /// The addresses of a name, in the order in which they are to be tried.
  ///
  /// - Returns: As literals; none if the name has none; `nil` if the task was cancelled first.
  package func addresses(of name: String) async -> [String]? {
    let id = Mutex<Waiters<[String]?>.ID?>(nil)
    let addresses = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<[String]?, Never>) in
        let isCancelled = state.withLock { state in
          // Read under the lock: a cancellation that comes later finds the wait.
          if Task.isCancelled { return true }
          if state.lookUps[name] == nil { state.queue.append(name) }
          let new = state.lookUps[name, default: LookUpState()].waiters.add { continuation.resume(returning: $0) }
          id.withLock { $0 = new }
          return false
        }
        if isCancelled { continuation.resume(returning: nil) }
        beginLookUps()
      }
    } onCancel: {
      let wakeUp = state.withLock { state in
        id.withLock(\.self).flatMap { Self.giveUp(name, $0, &state) }
      }
      wakeUp?(nil)
    }
    guard let addresses, let preferred = state.withLock({ $0.preferred[name] }) else { return addresses }
    return addresses.filter { $0 == preferred } + addresses.filter { $0 != preferred }
  }

  /// Makes an address of a name the first to try from now on.
  func prefer(_ address: String, for name: String) {
    state.withLock { state in
      if state.preferred.count >= Self.rememberedNames { state.preferred = [:] }
      state.preferred[name] = address
    }
  }

  private static func giveUp(
    _ name: String, _ id: Waiters<[String]?>.ID, _ state: inout State
  ) -> Waiters<[String]?>.WakeUp? {
    guard let wakeUp = state.lookUps[name]?.waiters.remove(id), let lookUp = state.lookUps[name] else { return nil }
    if lookUp.waiters.isEmpty {
      if lookUp.hasBegun {
        if state.slow.count >= rememberedNames { state.slow = [] }
        state.slow.insert(name)
      } else {
        state.lookUps[name] = nil
        state.queue.removeAll { $0 == name }
      }
    }
    return wakeUp
  }

  private func beginLookUps() {
    let names = state.withLock { state in
      var names: [String] = []
      while let name = Self.takeNext(&state, threads) { names.append(name) }
      return names
    }
    for name in names {
      FileThread.detach { [self] in end(name, lookUp(name)) }
    }
  }

  /// Takes the first name that may have a thread now.
  private static func takeNext(_ state: inout State, _ threads: Int) -> String? {
    if state.queue.isEmpty { return nil }
    let running = state.lookUps.filter(\.value.hasBegun)
    let slow = running.count { state.slow.contains($0.key) }
    guard running.count < 2 * threads, running.count - slow < threads else { return nil }
    let mayBeSlow = slow < threads / 2
    guard let index = state.queue.firstIndex(where: { mayBeSlow || !state.slow.contains($0) }) else { return nil }
    let name = state.queue.remove(at: index)
    state.lookUps[name]?.hasBegun = true
    return name
  }

  private func end(_ name: String, _ addresses: [String]) {
    let wakeUps = state.withLock { state in
      let wakeUps = state.lookUps[name]?.waiters.removeAll() ?? []
      state.lookUps[name] = nil
      // If nobody waited for the end, the result is dropped and the name stays slow.
      if !wakeUps.isEmpty { state.slow.remove(name) }
      return wakeUps
    }
    for wakeUp in wakeUps { wakeUp(addresses) }
    beginLookUps()
  }

  /// What the system knows of a name: `/etc/hosts`, DNS, and whatever else `nsswitch.conf` names.
  package static let systemLookUp: LookUp = { name in
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var addresses: [String] = []
    var next = list
    while let entry = next?.pointee {
      next = entry.ai_next
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      guard
        getnameinfo(
          entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
      else { continue }
      let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if !addresses.contains(address) { addresses.append(address) }
    }
    return addresses
  }
}
