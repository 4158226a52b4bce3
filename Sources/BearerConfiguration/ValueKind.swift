import BearerAddress
import BearerTOML

/// What the value of a key may be: how it is read, with what is said when it is something else, and how it is written.
package struct ValueKind<Value>: Sendable {
  /// Reads the value of a key; `nil` if there is none, or a faulty one, which is noted.
  let read: @Sendable (inout TableReader, String) -> Value?
  /// The value as TOML writes it.
  let write: @Sendable (Value) -> String

  /// Values that are made of others.
  ///
  /// - Parameters:
  ///   - make: Makes one.
  ///   - take: Gives back what it was made of.
  /// - Returns: The kind.
  func map<Other>(
    _ make: @escaping @Sendable (Value) -> Other, from take: @escaping @Sendable (Other) -> Value?
  ) -> ValueKind<Other> {
    ValueKind<Other> { reader, key in
      read(&reader, key).map(make)
    } write: {
      take($0).map(write) ?? ""
    }
  }

  /// One of a few words, each of which stands for a value.
  static func choice(_ words: [(word: String, value: Value)]) -> Self where Value: Equatable & Sendable {
    Self { reader, key in
      reader.word(key, of: words.map(\.word)).map { words[$0].value }
    } write: { value in
      words.first { $0.value == value }.map { TOMLText.string($0.word) } ?? ""
    }
  }
}

extension ValueKind where Value: RawRepresentable<String> & CaseIterable & Equatable & Sendable {
  /// One of the names of an enumeration.
  static var word: Self { choice(Value.allCases.map { ($0.rawValue, $0) }) }
}

extension ValueKind where Value == Duration {
  /// A duration within bounds.
  static func duration(_ range: ClosedRange<Duration>) -> Self {
    Self {
      $0.duration($1, in: range)
    } write: {
      TOMLText.string(DurationText.format($0))
    }
  }
}

extension ValueKind where Value == Int {
  /// An integer within bounds.
  static func integer(_ range: ClosedRange<Int>) -> Self {
    Self {
      $0.integer($1, in: range)
    } write: {
      "\($0)"
    }
  }
}

extension ValueKind where Value == Bool {
  /// True or false.
  static var boolean: Self {
    Self {
      $0.boolean($1)
    } write: {
      "\($0)"
    }
  }
}

extension ValueKind where Value == String {
  /// A text with something other than white space in it.
  static func string(_ expected: String = "a string") -> Self {
    Self {
      $0.string($1, expected: expected)
    } write: {
      TOMLText.string($0)
    }
  }

  /// A text with a form.
  ///
  /// - Parameters:
  ///   - expected: The form, in words.
  ///   - isSound: Whether a text has it.
  /// - Returns: The kind.
  static func string(_ expected: String, where isSound: @escaping @Sendable (String) -> Bool) -> Self {
    string(expected, as: { isSound($0) ? $0 : nil }, write: { $0 })
  }

  /// An address that may be used: https, or http on loopback; without credentials and fragment.
  static var protectedAddress: Self {
    string("an https:// address, or http:// on loopback, without credentials and #") { text in
      // The reader's own fault says what is expected.
      (try? WebAddress(parsing: text))?.isProtected == true
    }
  }

  /// The absolute path of a file or directory.
  static var path: Self { string("an absolute path") { $0.hasPrefix("/") } }
}

extension ValueKind {
  /// A text that stands for a value.
  static func string(
    _ expected: String, as make: @escaping @Sendable (String) -> Value?, write: @escaping @Sendable (Value) -> String
  ) -> Self {
    Self {
      $0.string($1, expected: expected, as: make)
    } write: {
      TOMLText.string(write($0))
    }
  }
}

extension ValueKind where Value == [String] {
  /// A list of texts, none blank and at least one.
  static func strings(_ expected: String = "a list of strings", canBeLeftOut: Bool = true) -> Self {
    Self {
      $0.strings($1, expected: expected, canBeLeftOut: canBeLeftOut)
    } write: {
      TOMLText.strings($0)
    }
  }

  /// A list of words that are joined by spaces on the wire, so that none may have one inside (RFC 6749 section 3.3).
  static var words: Self {
    Self { reader, key in
      guard let words = reader.strings(key) else { return nil }
      for word in words where word.unicodeScalars.contains(where: \.properties.isWhitespace) {
        reader.refuse(
          key, found: ConfigurationFault.quoted(word), expected: "one string for each, such as [\"a\", \"b\"]",
          "white space in an item")
      }
      return words
    } write: {
      TOMLText.strings($0)
    }
  }
}
