import BearerProtocol

/// Any bytes as an `Authorization` header: read as section 3.1 of `protocol.md` says.
struct AuthorizationFuzz: FuzzTarget {
  static func seeds() throws -> [[UInt8]] {
    ["Bearer x.y.z", " bEARER\tx , Basic eDp5", "Bearer", "Bearer a,Bearer b"].map { Array($0.utf8) }
  }

  init() {}

  mutating func feed(_ input: [UInt8]) {
    let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    let credentials = input.split(separator: 0x2C, omittingEmptySubsequences: false)
    let tokens = credentials.compactMap { credential -> ArraySlice<UInt8>? in
      let trimmed = credential.drop(while: isSpace)
      let scheme = trimmed.prefix { !isSpace($0) }
      guard String(decoding: scheme, as: UTF8.self).lowercased() == "bearer" else { return nil }
      var token = trimmed.dropFirst(scheme.count).drop(while: isSpace)
      while let last = token.last, isSpace(last) { token.removeLast() }
      return token
    }
    switch AuthorizationHeader.read(input) {
    case .bearer(let range):
      require(credentials.count == 1 && tokens.first == input[range] && !range.isEmpty, "another token")
    case .noToken:
      require(tokens.isEmpty || (credentials.count == 1 && tokens.allSatisfy(\.isEmpty)), "a token was overlooked")
    case .several:
      require(credentials.count > 1 && !tokens.isEmpty, "there are not several")
    }
  }
}
