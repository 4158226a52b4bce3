/// What a body that is not JSON seems to be, from its first bytes.
enum BodyForm: Equatable {
  /// Nothing.
  case empty
  /// Compressed, by the name that HTTP has for it.
  case compressed(String)
  /// UTF-16 or UTF-32, with a byte order mark or without.
  case wideCharacters(String)
  /// UTF-8 with a byte order mark, which JSON that is sent must not have (RFC 8259 section 8.1).
  case byteOrderMark
  /// A web page.
  case webPage
  /// PEM (RFC 7468): a certificate, or a key in another form than JWK.
  case pem
  /// Something else.
  case other

  /// Looks at a body.
  ///
  /// - Parameters:
  ///   - body: The bytes.
  ///   - coding: The response's `Content-Encoding`, if it has one.
  init(_ body: [UInt8], coding: String? = nil) {
    if let coding, coding.lowercased().trimmingBlanks != "identity" {
      self = .compressed(coding)
    } else if body.isEmpty {
      self = .empty
    } else if let name = Self.compressions.first(where: { body.starts(with: $0.magic) })?.name {
      self = .compressed(name)
    } else if let name = Self.wideCharacters.first(where: { body.starts(with: $0.magic) })?.name {
      self = .wideCharacters(name)
    } else if body.starts(with: "-----BEGIN ".utf8) {
      self = .pem
    } else {
      let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
      let text = body.starts(with: mark) ? body.dropFirst(mark.count) : body[...]
      let isPage = text.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "<")
      self = isPage ? .webPage : text.count < body.count ? .byteOrderMark : .other
    }
  }

  /// What it is, as the end of a sentence.
  ///
  /// - Parameter isFile: Whether it is a file of this host.
  /// - Returns: The words.
  func words(isFile: Bool) -> String {
    switch self {
    case .empty: "is empty"
    case .compressed(let coding):
      "is compressed (\(ShownText.quoted(coding)))" + (isFile ? "" : ", which was not asked for")
    case .wideCharacters(let name): "is \(name), not UTF-8"
    case .byteOrderMark: "begins with a byte order mark (the bytes EF BB BF), which JSON must not have"
    case .webPage: "looks like a web page (HTML), not JSON"
    case .pem: "is PEM, not JSON"
    case .other: "is not JSON"
    }
  }

  /// What to do about it.
  ///
  /// - Parameters:
  ///   - what: What the body should have been, with its article.
  ///   - isFile: Whether it is a file of this host.
  /// - Returns: A sentence without its full stop.
  func advice(what: String, isFile: Bool) -> String {
    switch self {
    case .compressed:
      isFile
        ? "write \(what) into it as it is"
        : "have the provider, or a proxy before it, compress only what is asked for (Accept-Encoding)"
    case .wideCharacters, .byteOrderMark:
      isFile
        ? "save it as UTF-8 without a byte order mark" : "have the provider send UTF-8 without a byte order mark"
    case .pem:
      isFile
        ? "write a JWK Set into it (RFC 7517), made of the public keys"
        : "give the address of \(what), not that of a certificate"
    case .empty, .webPage, .other:
      isFile
        ? "write a JWK Set into it (RFC 7517)"
        : "check that the address is that of \(what), and that no login page or proxy answers in its place"
    }
  }

  private static let compressions: [(magic: [UInt8], name: String)] = [
    ([0x1F, 0x8B], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0x78, 0x01], "deflate"), ([0x78, 0x9C], "deflate"),
    ([0x78, 0xDA], "deflate"),
  ]

  /// Byte order marks, and `{` with its zero bytes on either side; the longer ones first.
  private static let wideCharacters: [(magic: [UInt8], name: String)] = [
    ([0xFF, 0xFE, 0, 0], "UTF-32"), ([0, 0, 0xFE, 0xFF], "UTF-32"), ([0, 0, 0, 0x7B], "UTF-32"),
    ([0x7B, 0, 0, 0], "UTF-32"), ([0xFF, 0xFE], "UTF-16"), ([0xFE, 0xFF], "UTF-16"), ([0, 0x7B], "UTF-16"),
    ([0x7B, 0], "UTF-16"),
  ]
}
