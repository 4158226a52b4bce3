extension JWK {
  /// What is wrong with one member of a key, in words that show nothing of its value.
  package struct Flaw: Equatable, Sendable {
    /// The ways in which a member can be wrong.
    package enum Deviation: Equatable, Sendable {
      /// It is not there.
      case missing
      /// It is there without content.
      case empty
      /// It is not a JSON object.
      case notObject
      /// It is not a JSON string.
      case notText
      /// It is not a JSON array.
      case notList
      /// It is the right word in the wrong case.
      case notLowerCase
      /// It has `=` at its end.
      case padded
      /// It is written with `+` and `/`: in base64, not base64url.
      case ordinaryBase64
      /// It is not base64url in another way.
      case notBase64URL
      /// It has more bytes than it may have.
      case tooLong(bytes: Int, most: Int)
      /// The configuration's `algorithms` has none of these, which fit the key.
      case allowsNone(of: AlgorithmSet)
    }

    /// The member's name.
    package let member: String
    /// What is wrong with it.
    package let kind: Deviation

    init(_ member: StaticString, _ kind: Deviation) {
      self.member = "\(member)"
      self.kind = kind
    }

    /// The flaw in words: `n has "=" at its end; base64url has no padding`.
    package var words: String {
      switch kind {
      case .missing: "\(member) is missing"
      case .empty: "\(member) is empty"
      case .notObject: "\(member) is not a JSON object"
      case .notText: "\(member) is not a JSON string"
      case .notList: "\(member) is not a JSON array"
      case .notLowerCase: "\(member) is not written in lower case"
      case .padded: "\(member) ends with \"=\"; base64url has no padding"
      case .ordinaryBase64: "\(member) has \"+\" or \"/\" in it; base64url has \"-\" and \"_\""
      case .notBase64URL: "\(member) is not base64url"
      case .tooLong(let bytes, let most): "\(member) has \(bytes) bytes; \(most) is the most"
      case .allowsNone(let fitting): "\(member) allows none of \(fitting.names)"
      }
    }
  }
}

extension AlgorithmSet {
  /// The algorithms by name, with commas between them.
  package var names: String { algorithms.map(\.rawValue).joined(separator: ", ") }
}

extension JWK.Flaw.Deviation {
  /// Why text is not base64url.
  init(notBase64URL text: String) {
    if text.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }) {
      self = .ordinaryBase64
    } else {
      self = text.utf8.last == UInt8(ascii: "=") ? .padded : .notBase64URL
    }
  }
}
