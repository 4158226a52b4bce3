import NIOSSL

/// A certificate's times, subject and issuer.
struct CertificateFacts: Equatable, Sendable {
  /// From when it is valid, in seconds since 1970.
  var from: Int64
  /// Until when it is valid, in seconds since 1970.
  var until: Int64
  /// The issuer's name in DER, without tag and length; `nil` if it could not be read.
  var issuer: [UInt8]?
  /// The subject's name in DER, without tag and length; `nil` if it could not be read.
  var subject: [UInt8]?
}

extension CertificateFacts {
  /// The facts of a certificate that the TLS library has parsed.
  init(_ certificate: NIOSSLCertificate) {
    self.init(from: Int64(certificate.notValidBefore), until: Int64(certificate.notValidAfter))
    // The times are of use without the names.
    guard let bytes = try? certificate.toDERBytes() else { return }
    // The library shows neither name. RFC 5280 section 4.1: Certificate, TBSCertificate, and in it an optional version
    // [0], serialNumber, signature, issuer, validity, subject; each name is a sequence.
    var outside = bytes[...]
    guard var certificate = CertificateFacts.element(of: &outside)?.content,
      var members = CertificateFacts.element(of: &certificate)?.content
    else { return }
    if members.first == 0xA0 { _ = CertificateFacts.element(of: &members) }
    guard CertificateFacts.element(of: &members) != nil, CertificateFacts.element(of: &members) != nil,
      let issuer = CertificateFacts.element(of: &members), CertificateFacts.element(of: &members) != nil,
      let subject = CertificateFacts.element(of: &members), issuer.tag == 0x30, subject.tag == 0x30
    else { return }
    self.issuer = Array(issuer.content)
    self.subject = Array(subject.content)
  }

  /// Whether it is valid at a time, in seconds since 1970.
  func isValid(at now: Int64) -> Bool { from <= now && now <= until }

  /// Takes the next element off DER's bytes (X.690 section 8.1); `nil` if it does not end within them.
  private static func element(of bytes: inout ArraySlice<UInt8>) -> (tag: UInt8, content: ArraySlice<UInt8>)? {
    guard let tag = bytes.popFirst(), let first = bytes.popFirst() else { return nil }
    var length = Int(first)
    if first >= 0x80 {
      guard (0x81...0x83).contains(first) else { return nil }
      length = 0
      for _ in 0..<(first & 0x7F) {
        guard let byte = bytes.popFirst() else { return nil }
        length = length << 8 | Int(byte)
      }
    }
    guard length <= bytes.count else { return nil }
    let content = bytes.prefix(length)
    bytes = bytes.dropFirst(length)
    return (tag, content)
  }
}
