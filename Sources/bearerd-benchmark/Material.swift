import BearerClaims
import BearerConfiguration
import BearerCrypto
import BearerDaemon
import BearerDevIssuer
import BearerIntrospection
import BearerJOSE
import BearerJSON
import BearerKeys
import BearerServer
import BearerTime

/// Tokens of one algorithm, the requests that hold them, and a daemon's active configuration that accepts them.
struct Material {
  let name: String
  let tokens: [Token]
  let lines: [[UInt8]]
  private let verifier: SignatureVerifier
  private let keys: IssuerKeys

  /// A token taken apart as libcrypto needs it.
  struct Token {
    let message: [UInt8]
    let signature: [UInt8]
  }

  /// Mints 200 tokens with a fresh key.
  init(_ algorithm: SigningAlgorithm) throws {
    name = algorithm.rawValue
    let key = try IssuerKey.generate(algorithm, kid: "benchmark")
    let header: JSONValue = ["alg": .string(name), "kid": "benchmark", "typ": "at+jwt"]
    var tokens: [Token] = []
    var lines: [[UInt8]] = []
    for number in 0..<200 {
      let payload: JSONValue = [
        "iss": .string(Benchmark.issuerURL), "aud": [.string(Benchmark.issuerURL)], "client_id": "0123456789abcdef",
        "scope": "openid offline_access https://authgear.com/scopes/full-access",
        "jti": .string("benchmark-\(number)"), "sub": "6d5b8f5a-2c0e-4f0e-9f9a-1c2d3e4f5a6b",
        "iat": .number(JSONNumber(NumericDate(SystemClock().moment).seconds)),
        "exp": .number(JSONNumber(NumericDate(SystemClock().moment).seconds + 3600)), "auth_time": 1_700_000_000,
        "amr": ["pwd", "otp"],
        "https://authgear.com/claims/user/is_anonymous": false,
        "https://authgear.com/claims/user/is_verified": true,
        "https://authgear.com/claims/user/can_reauthenticate": true,
        "https://authgear.com/claims/user/roles": ["editor", "reader"],
      ]
      let token = try key.sign(header: header.serialized(), payload: payload.serialized())
      let dot = token.lastIndex(of: ".") ?? token.endIndex
      let signature = Base64URL.decode(String(token[token.index(after: dot)...])) ?? []
      tokens.append(Token(message: Array(token[..<dot].utf8), signature: signature))
      lines.append(Array(#"{"id":\#(number),"op":"verify","token":"\#(token)"}"#.utf8))
    }
    self.tokens = tokens
    self.lines = lines
    let scheme = AlgorithmSet(named: name).algorithms[0].scheme
    let jwk = key.jwk
    func number(_ member: String) -> [UInt8] { jwk[member]?.stringValue.flatMap { Base64URL.decode($0) } ?? [] }
    let publicKey =
      switch scheme {
      case .ecdsa(let curve, _): try PublicKey.ec(curve, x: number("x"), y: number("y"))
      case .ed25519: try PublicKey.ed25519(number("x"))
      default: try PublicKey.rsa(modulus: number("n"), exponent: number("e"))
      }
    guard let verifier = publicKey.verifier(for: scheme) else { fatalError("the scheme does not fit the key") }
    self.verifier = verifier
    let body = JSONValue.object(["keys": [.object(jwk)]]).serialized()
    let set = try KeySet(parsing: body, algorithms: IssuerConfiguration.defaultAlgorithms)
    keys = IssuerKeys(settings: RefreshSettings(), source: NoSource())
    keys.restore(with: FetchedKeys(keys: set, body: body, lifetime: nil), age: .zero)
  }

  /// Only what libcrypto does for a token.
  func verifiesAlone(_ token: Token) -> Bool {
    verifier.check(signature: token.signature.span, over: token.message.span) == .good
  }

  /// Handlers as the daemon has them.
  var handlers: any LineHandlerFactory { handlers(cacheBytes: 16 << 20) }

  /// One handler, with this many bytes for known tokens.
  func handler(cacheBytes: Int) -> any LineHandler { handlers(cacheBytes: cacheBytes).makeHandler() }

  /// One handler of a configuration with this many issuers, and as many policies.
  func handler(cacheBytes: Int, issuers: Int) -> any LineHandler {
    handlers(cacheBytes: cacheBytes, issuers: issuers).makeHandler()
  }

  /// One handler that also accepts opaque tokens, by what this back-end says of them.
  func handler(asking backEnd: BackEnd) -> any LineHandler {
    handlers(cacheBytes: 16 << 20, backEnd: backEnd).makeHandler()
  }

  private func handlers(cacheBytes: Int, issuers: Int = 1, backEnd: BackEnd? = nil) -> any LineHandlerFactory {
    // The other urls are as long as that of the token's issuer, which comes last.
    let others = (1..<max(1, issuers)).map { number in
      let suffix = "\(number)"
      let url = Benchmark.issuerURL.dropLast(suffix.utf8.count) + suffix
      return IssuerConfiguration(name: "other-\(number)", url: String(url))
    }
    let policies = others.map { Policy(name: $0.name, issuers: [$0.name], audiences: [$0.url]) }
    var configuration = Configuration()
    configuration.issuers = others + [IssuerConfiguration(name: "benchmark", url: Benchmark.issuerURL)]
    configuration.policies =
      policies + [
        Policy(name: "default", issuers: ["benchmark"], audiences: [Benchmark.issuerURL]) {
          $0.acceptsOpaque = backEnd != nil
        }
      ]
    configuration.limits.tokenCacheBytes = cacheBytes
    return RequestHandlers(
      ActiveConfigurationStore(
        ActiveConfiguration(
          configuration, keys: others.map { _ in keys } + [keys],
          backEnds: others.map { _ in nil } + [backEnd.map { IssuerBackEnd($0) }])),
      StatusReporter(eventLoops: 1))
  }
}

/// A source that is never asked.
struct NoSource: KeySource {
  func fetch(previous: KeySet?, validators: FetchValidators?) async -> Result<FetchOutcome, FetchFault> {
    .failure(FetchFault(.invalidURL, found: "the benchmark has no network"))
  }
}
