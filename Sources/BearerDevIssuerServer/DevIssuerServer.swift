package import BearerDevIssuer
import NIOCore
import NIOHTTP1
import NIOPosix

/// A ``DevIssuer`` that answers HTTP on a loopback address.
///
/// For tests it counts requests, lets them be awaited, and can be told to answer anything or nothing.
package final class DevIssuerServer: Sendable {
  /// How the server presents itself.
  package struct Options: Sendable {
    /// Where to listen.
    package var address: LoopbackAddress
    /// The TCP port; 0 takes a free one.
    package var port = 0
    /// A path that is part of the issuer's URL, such as `/realms/dev`; empty for none.
    package var path = ""
    /// The issuer to claim to be, in place of the server's own URL.
    package var claimedIssuer: String?
    /// `Cache-Control` of the key set; nil sends none, as Authgear does.
    package var cacheControl: String?
    /// Whether the key set has an `ETag` and `If-None-Match` is answered with 304.
    package var sendsETag = false

    /// The defaults: 127.0.0.1, a free port, no caching headers.
    package init(address: LoopbackAddress) {
      self.address = address
    }

    /// The defaults: 127.0.0.1, a free port, no caching headers.
    ///
    /// - Throws: ``DevIssuerError/notLoopback(host:)``.
    package init(host: String = "127.0.0.1") throws(DevIssuerError) {
      self.init(address: try LoopbackAddress(host))
    }

    func site(keyStore: any KeyStore, port: Int) -> IssuerSite {
      let url = "http://\(address.urlHost):\(port)\(path)"
      return IssuerSite(
        issuer: DevIssuer(url: claimedIssuer ?? url, keyStore: keyStore), baseURL: url, basePath: path,
        cacheControl: cacheControl, sendsETag: sendsETag)
    }
  }

  /// What this server publishes; mint tokens with it.
  package let issuer: DevIssuer
  /// The URL under which the server is reached, without a final slash.
  package let url: String
  /// The port that is listened on.
  package let port: Int
  /// What was asked so far, and what to answer instead of the truth.
  package let script: ServerScript

  private let group: MultiThreadedEventLoopGroup

  private init(site: IssuerSite, port: Int, script: ServerScript, group: MultiThreadedEventLoopGroup) {
    self.issuer = site.issuer
    self.url = site.baseURL
    self.port = port
    self.script = script
    self.group = group
  }

  /// Starts a server; it listens when this returns.
  ///
  /// - Parameters:
  ///   - keyStore: The keys to publish, read anew for each request.
  ///   - options: Where and how.
  /// - Returns: The running server; it runs until ``stop()``.
  /// - Throws: ``DevIssuerError/cannotListen(host:port:reason:)``.
  package static func start(
    keyStore: any KeyStore, options: Options
  ) async throws(DevIssuerError) -> DevIssuerServer {
    // A group of its own, because shutting it down is what closes the connections that clients keep open: a stopped
    // issuer must not go on answering them.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let script = ServerScript()
    do {
      let listener = try await ServerBootstrap(group: group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
            // The port is asked of the connection, since a client may be here before `bind` has returned.
            let site = options.site(keyStore: keyStore, port: channel.localAddress?.port ?? options.port)
            try pipeline.addHandler(IssuerHTTPHandler(site: site, script: script))
          }
        }
        .bind(host: options.address.host, port: options.port).get()
      let port = listener.localAddress?.port ?? options.port
      let site = options.site(keyStore: keyStore, port: port)
      return DevIssuerServer(site: site, port: port, script: script, group: group)
    } catch {
      // The first fault is the one that counts.
      try? await group.shutdownGracefully()
      throw .cannotListen(host: options.address.host, port: options.port, reason: "\(error)")
    }
  }

  /// Stops listening and closes every connection.
  package func stop() async {
    // It fails only for a group that was stopped before, which is what is wanted.
    try? await group.shutdownGracefully()
  }
}
