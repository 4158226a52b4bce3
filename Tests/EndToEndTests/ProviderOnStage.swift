import BearerDevIssuer
import BearerJSON
import BearerProviderKit
import BearerTestKit

/// A provider of a transcript: real HTTP on loopback, the keys it publishes, and those it only signs with.
final class ProviderOnStage {
  let provider: FaultyProvider
  private let algorithm: SigningAlgorithm
  /// The tokens that it gave, and those that it revoked.
  let grants = KeyRing()
  private var published: [IssuerKey] = []

  init(_ provider: FaultyProvider, _ algorithm: SigningAlgorithm) throws {
    self.provider = provider
    self.algorithm = algorithm
    try publish(["k1"])
    provider.presentMembers(#""introspection_endpoint":"\#(provider.origin)/introspect""#)
    let issuer = issuer
    provider.setBackEndAnswer { request in
      // No character of a token is encoded in a form.
      let answer = try? issuer.introspect(String(request.body.trimmingPrefix("token=")))
      return String(decoding: (answer ?? .null).serialized(), as: UTF8.self)
    }
  }

  /// What the development issuer knows of tokens.
  var issuer: DevIssuer { DevIssuer(url: provider.issuer, keyStore: grants) }

  /// What it publishes, as JSON text.
  var keySet: String {
    let keys: JSONValue = ["keys": .array(published.map { .object($0.jwk) })]
    return String(decoding: keys.serialized(), as: UTF8.self)
  }

  /// Publishes these keys from now on; a name may be followed by a colon and an algorithm.
  func publish(_ names: [String]) throws {
    published = try names.map(key)
    grants.replace(with: published)
    provider.setKeys(keySet)
  }

  /// The key of this name, published or not.
  func key(_ name: String) throws -> IssuerKey {
    let parts = name.split(separator: ":").map(String.init)
    if let known = published.first(where: { $0.kid == parts[0] }), parts.count == 1 { return known }
    let algorithm = parts.count == 2 ? SigningAlgorithm(rawValue: parts[1]) : algorithm
    return try CachedKeys.key(algorithm ?? self.algorithm, named: parts[0])
  }

  /// The key that signs unless another is named: the last that is published.
  func defaultKey() throws -> IssuerKey {
    guard let key = published.last else { throw DevIssuerError.noKey }
    return key
  }

  func change(to mood: Directive.Mood) {
    switch mood {
    case .up: answer(with: .document)
    case .down: answer(with: .reset)
    case .failing: answer(with: .status(503))
    case .hold: provider.answer(.keys, with: .held)
    case .release:
      provider.answer(.keys, with: .document)
      provider.release()
    }
  }

  private func answer(with answer: ProviderAnswer) {
    provider.answer(.discovery, with: answer)
    provider.answer(.keys, with: answer)
    provider.answer(.backEnd, with: answer)
  }
}
