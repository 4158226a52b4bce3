import BearerJOSE
import BearerKeys
import BearerProviderKit
import BearerTestKit
import NIOPosix

@testable import BearerFetch

/// A provider with one published key, and a source that is pointed at it.
struct ProviderTrial {
  static let algorithms: Set<Algorithm> = [.rs256, .ps256, .es256, .es384, .ed25519]

  let provider: FaultyProvider
  let key: TestKey

  /// Runs a body with a provider that is stopped afterwards.
  static func run(
    identity: TestIdentity? = nil, path: String = "", _ body: (ProviderTrial) async throws -> Void
  ) async throws {
    let provider = try await FaultyProvider.start(identity: identity, path: path)
    let key = try TestKey(kid: "k1")
    provider.setKeys(TestKey.set(key))
    do {
      try await body(ProviderTrial(provider: provider, key: key))
    } catch {
      await provider.stop()
      throw error
    }
    await provider.stop()
  }

  /// Settings for the provider's issuer; a test changes what it is about.
  func settings(_ change: (inout KeySourceSettings) -> Void = { _ in }) -> KeySourceSettings {
    // Long enough that no busy machine reaches it: only what never ends does.
    var settings = KeySourceSettings(url: provider.issuer, algorithms: Self.algorithms, timeout: .seconds(30))
    change(&settings)
    return settings
  }

  func source(
    environment: [String: String] = [:], discoveryReuse: Duration = FetchLimits.discoveryReuse,
    _ change: (inout KeySourceSettings) -> Void = { _ in }
  ) -> IssuerKeySource {
    IssuerKeySource(
      settings: settings(change),
      network: FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: environment),
      discoveryReuse: discoveryReuse)
  }

  /// The code of the fault that one fetch ends with; `nil` for a success.
  func code(
    environment: [String: String] = [:], _ change: (inout KeySourceSettings) -> Void = { _ in }
  ) async -> FetchFault.Code? {
    await source(environment: environment, change).fetch(previous: nil, validators: nil).fault?.code
  }
}

/// What a 304 leaves.
struct Unchanged: Equatable {
  var lifetime: Duration?
  var validators: FetchValidators
}

extension Result where Success == FetchOutcome, Failure == FetchFault {
  /// The fault, if it is one.
  var fault: FetchFault? {
    if case .failure(let fault) = self { return fault }
    return nil
  }

  /// What was said of the keys in use, if it was that they are unchanged.
  var unchanged: Unchanged? {
    if case .success(.unchanged(let lifetime, let validators)) = self {
      return Unchanged(lifetime: lifetime, validators: validators)
    }
    return nil
  }

  /// The fetched keys, if there are any.
  var fetched: FetchedKeys? {
    if case .success(.keys(let keys)) = self { return keys }
    return nil
  }
}
