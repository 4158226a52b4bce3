import ArgumentParser
import BearerDevIssuer
import BearerJSON

/// `mint`: one token on standard output.
struct MintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mint",
    abstract: "Mint a token, good or bad, and print it.",
    usage: "bearerd-dev-issuer mint [<options>]",
    discussion: """
      Without options: an access token as Authgear issues it, by the issuer that serve last ran as, for that \
      issuer as audience. Options change it in this order: named options, --claim and --header, --without and \
      --without-header.

      Examples:
        bearerd-dev-issuer mint --scope 'openid orders:read'
        bearerd-dev-issuer mint --audience https://api.example --lifetime 1h
        bearerd-dev-issuer mint --type id --nonce abc --auth-time 10m
        bearerd-dev-issuer mint --alg ES256 --claim 'roles=["admin"]'
        bearerd-dev-issuer mint --claim exp=1.5e9 --without jti
        bearerd-dev-issuer mint --forge
        bearerd-dev-issuer mint --opaque
      """)

  @OptionGroup var keys: KeysOption

  @Option(name: .customLong("type"), help: "Kind of token.")
  var kind = TokenTemplate.TokenKind.access

  @Option(help: ArgumentHelp("iss. Default: the issuer that serve last ran as.", valueName: "url"))
  var issuer: String?

  @Option(
    name: .customLong("audience"),
    help: "aud; repeatable. Default: the issuer (access), the client's id (id).")
  var audiences: [String] = []

  @Option(help: "sub.")
  var subject = TokenTemplate.usualSubject

  @Option(help: "client_id of an access token; the usual aud of an ID token.")
  var clientID = TokenTemplate.usualClientID

  @Option(help: "scope of an access token.")
  var scope = TokenTemplate.usualScope

  @Option(help: "nonce of an ID token.")
  var nonce: String?

  @Option(
    help: ArgumentHelp(
      "exp - iat: seconds, or a number with s, m, h or d. Default: 30m (access), 5m (id).", valueName: "duration"),
    transform: MintCommand.seconds)
  var lifetime: Int64?

  @Flag(help: "Mint a token that ran out ten minutes ago.")
  var expired = false

  @Option(
    help: ArgumentHelp(
      "How long before iat the user authenticated: seconds, or a number with s, m, h or d. Default: 0.",
      valueName: "duration"),
    transform: MintCommand.seconds)
  var authTime: Int64 = 0

  @Option(help: ArgumentHelp("Mint as of this time, in seconds since 1970. Default: now.", valueName: "seconds"))
  var now: Int64?

  @Option(
    name: .customLong("claim"),
    help: ArgumentHelp("A claim to add or replace; repeatable. The value is JSON.", valueName: "name=json"),
    transform: MintCommand.member)
  var claims: [JSONObject.Member] = []

  @Option(name: .customLong("without"), help: ArgumentHelp("A claim to leave out; repeatable.", valueName: "name"))
  var omittedClaims: [String] = []

  @Option(
    name: .customLong("header"),
    help: ArgumentHelp("A header parameter to add or replace; repeatable. The value is JSON.", valueName: "name=json"),
    transform: MintCommand.member)
  var headerMembers: [JSONObject.Member] = []

  @Option(
    name: .customLong("without-header"),
    help: ArgumentHelp("A header parameter to leave out; repeatable.", valueName: "name"))
  var omittedHeaderMembers: [String] = []

  @Option(
    name: .customLong("alg"),
    help: "Sign with the newest key for this algorithm; one is made if there is none. Default: RS256 if there is one.")
  var algorithm: SigningAlgorithm?

  @Option(help: "Sign with the key of this name.")
  var kid: String?

  @Flag(help: "Make it an opaque token, which only the running issuer knows the meaning of.")
  var opaque = false

  @Flag(help: "Sign with a key that the issuer never published, under the name of the one that it did.")
  var forge = false

  func validate() throws {
    if opaque && (kind == .id || forge || kid != nil || algorithm != nil || !headerMembers.isEmpty) {
      throw ValidationError("an opaque token is no ID token and has neither signature nor header")
    }
    if kid != nil && algorithm != nil { throw ValidationError("--kid and --alg exclude each other") }
    if kind == .access && nonce != nil {
      throw ValidationError("an access token has no nonce; use --type id, or --claim for one all the same")
    }
  }

  func run() throws {
    let directory = try keys.directory
    try directory.prepare(algorithm.map { [$0] } ?? [])
    var template = TokenTemplate(kind, issuer: try issuer ?? directory.lastIssuerURL() ?? "http://127.0.0.1:9393")
    template.audiences = audiences
    template.subject = subject
    template.clientID = clientID
    template.scope = scope
    template.nonce = nonce
    template.lifetime = lifetime
    template.isExpired = expired
    template.authenticationAge = authTime
    for claim in claims { template.claims[claim.name] = claim.value }
    template.omittedClaims = omittedClaims
    for member in headerMembers { template.headerMembers[member.name] = member.value }
    template.omittedHeaderMembers = omittedHeaderMembers

    let now = now ?? WallClock.now()
    if opaque {
      let issuer = DevIssuer(url: template.issuer, keyStore: directory)
      return StandardOutput.write(line: try issuer.give(template, now: now))
    }
    var key = try signingKey(in: directory)
    if forge { key = try .generate(key.algorithm, kid: key.kid) }
    let minter = DevIssuer(url: template.issuer, keyStore: directory)
    StandardOutput.write(line: try minter.sign(template, key: key, now: now))
  }

  private func signingKey(in directory: KeyDirectory) throws -> IssuerKey {
    if let kid { return try directory.key(kid: kid) }
    if let algorithm, let key = try directory.newestKey(for: algorithm) { return key }
    return try directory.defaultKey()
  }

  @Sendable private static func seconds(_ text: String) throws -> Int64 {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
    let unit = text.last.flatMap { units[$0] }
    let digits = unit == nil ? text[...] : text.dropLast()
    if let count = Int64(digits) {
      let (seconds, overflowed) = count.multipliedReportingOverflow(by: unit ?? 1)
      if !overflowed { return seconds }
    }
    throw ValidationError("\"\(text)\" is not a duration: use seconds, or a number with s, m, h or d")
  }

  @Sendable private static func member(_ text: String) throws -> JSONObject.Member {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw ValidationError("\"\(text)\" is not name=json, such as admin=true")
    }
    let source = text[text.index(after: equals)...]
    do {
      return JSONObject.Member(name: String(text[..<equals]), value: try JSONValue(parsing: Array(source.utf8)))
    } catch {
      throw ValidationError(
        "\"\(source)\" is not JSON (\(error.kind) at byte \(error.offset)); a string needs quotes: name='\"text\"'")
    }
  }
}

extension TokenTemplate.TokenKind: ExpressibleByArgument {}
