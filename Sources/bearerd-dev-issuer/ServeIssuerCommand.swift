import ArgumentParser
import BearerDevIssuer
import BearerDevIssuerServer
import UnixSignals

/// `serve`: discovery and key set over HTTP until a signal comes.
struct ServeIssuerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve the discovery document and the key set on a loopback address.",
    usage: "bearerd-dev-issuer serve [<options>]",
    discussion: """
      Prints the issuer's URL as one line when it listens, and remembers it for mint. Keys are read for each request, \
      so that rotate and mint --alg take effect at once. SIGTERM or SIGINT ends it.
      """)

  @OptionGroup var keys: KeysOption

  @Option(help: "Loopback address to listen on; any other is refused.")
  var host = "127.0.0.1"

  @Option(help: "TCP port; 0 takes a free one.")
  var port: UInt16 = 9393

  @Option(help: "A path that is part of the issuer's URL, such as /realms/dev.")
  var path = ""

  @Option(
    help: ArgumentHelp(
      "Claim to be this issuer, in discovery and minted tokens, in place of the server's own URL.", valueName: "url"))
  var issuer: String?

  @Option(
    name: .customLong("alg"),
    help: ArgumentHelp("Algorithm to have a key for; repeatable. Default: RS256 if there is no key yet."))
  var algorithms: [SigningAlgorithm] = []

  @Option(help: ArgumentHelp("Cache-Control of the key set. Default: none, as Authgear.", valueName: "value"))
  var cacheControl: String?

  @Flag(help: "Send an ETag with the key set and answer If-None-Match with 304.")
  var etag = false

  func validate() throws {
    if !path.isEmpty && (!path.hasPrefix("/") || path.hasSuffix("/")) {
      throw ValidationError("--path begins with a slash and does not end with one: /realms/dev")
    }
    if let cacheControl, !cacheControl.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) {
      throw ValidationError("--cache-control is printable ASCII on one line")
    }
  }

  func run() async throws {
    let directory = try keys.directory
    var options = try DevIssuerServer.Options(host: host)
    options.port = Int(port)
    options.path = path
    options.claimedIssuer = issuer
    options.cacheControl = cacheControl
    options.sendsETag = etag
    try directory.prepare(algorithms)
    // Before the URL is printed: from then on the parent process may end this one by a signal.
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    let server = try await DevIssuerServer.start(keyStore: directory, options: options)
    try directory.remember(issuerURL: server.issuer.url)
    StandardOutput.write(line: server.url)
    for await _ in signals { break }
    await server.stop()
  }
}
