import BearerAddress
import BearerKeys
import NIOCore
import NIOSSL

/// The check that a certificate is for the host that was asked for (RFC 9525 section 6).
///
/// swift-nio-ssl also accepts a certificate for the address that was connected to, and a common name if there are no
/// alternative names, which RFC 9525 rules out. With the first, an attacker who leads a connection to their own
/// address, say by a forged DNS answer, could pose as any provider with an ordinary certificate for that address. So
/// each connection is checked again before anything is sent.
enum CertificateName {
  /// Fails a new connection whose certificate is not for `host`.
  ///
  /// - Parameters:
  ///   - channel: A connection whose handshake has ended.
  ///   - host: The public host, a name in lower case or an address literal.
  /// - Returns: A future that fails with `NotNamed` for another certificate.
  static func check(_ channel: any Channel, host: String) -> EventLoopFuture<Void> {
    channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
      var names: [[UInt8]] = []
      var addresses: [[UInt8]] = []
      if let alternatives = certificate?._subjectAlternativeNames() {
        for name in alternatives {
          if name.nameType == .dnsName { names.append(Array(name.contents)) }
          if name.nameType == .ipAddress { addresses.append(Array(name.contents)) }
        }
      }
      guard isFor(host: host, names: names, addresses: addresses) else { throw NotNamed() }
    }.closingOnFailure(channel)
  }

  /// The certificate is not for the host.
  struct NotNamed: Error {}

  /// Whether a certificate's alternative names hold a host.
  ///
  /// - Parameters:
  ///   - host: A name in lower case, or an address literal.
  ///   - names: The DNS names.
  ///   - addresses: The addresses, 4 or 16 bytes each.
  /// - Returns: Whether one of them is the host; a name never matches an address, nor an address a name.
  static func isFor(host: String, names: [[UInt8]], addresses: [[UInt8]]) -> Bool {
    if let address = IPAddress(host) { return addresses.contains(address.bytes) }
    var wanted = Array(host.utf8)
    if wanted.last == UInt8(ascii: ".") { wanted.removeLast() }
    return names.contains { matches($0, wanted) }
  }

  /// Whether they are equal, or the pattern has `*` in place of the whole first label (RFC 9525 section 6.3).
  private static func matches(_ pattern: [UInt8], _ wanted: [UInt8]) -> Bool {
    let pattern = pattern.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
    guard pattern.starts(with: Array("*.".utf8)) else { return !pattern.isEmpty && pattern == wanted }
    guard let dot = wanted.firstIndex(of: UInt8(ascii: ".")), dot > 0 else { return false }
    return pattern.dropFirst().elementsEqual(wanted[dot...])
  }
}

extension EventLoopFuture where Value == Void {
  /// Closes a connection that its check refused.
  ///
  /// AsyncHTTPClient does not close a connection whose hook failed: each refusal would keep a descriptor open until the
  /// provider closes its side.
  func closingOnFailure(_ channel: any Channel) -> EventLoopFuture<Void> {
    whenFailure { _ in channel.close(promise: nil) }
    return self
  }
}
