/// A JSON object that keeps the order of its members.
package struct JSONObject: Equatable, Sendable, ExpressibleByDictionaryLiteral {
  /// One member.
  package struct Member: Equatable, Sendable {
    /// The name, unescaped.
    package var name: String
    /// The value.
    package var value: JSONValue

    /// Whether both have the same name, byte for byte, and equal values.
    package static func == (left: Member, right: Member) -> Bool {
      left.name.hasSameBytes(as: right.name) && left.value == right.value
    }

    /// A member with this name and value.
    package init(name: String, value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// The members in their order; names are unique as long as they are set by name.
  package var members: [Member]

  /// An object with these members.
  package init(_ members: [Member] = []) {
    self.members = members
  }

  /// An object from a literal, in the literal's order; of a repeated name the last value counts.
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    members = []
    for (name, value) in elements { self[name] = value }
  }

  /// The value of a member; setting replaces it in place, appends it, or removes it with `nil`.
  package subscript(_ name: String) -> JSONValue? {
    get { members.first { $0.name.hasSameBytes(as: name) }?.value }
    set {
      let index = members.firstIndex { $0.name.hasSameBytes(as: name) }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append(Member(name: name, value: value))
      case (nil, nil): break
      }
    }
  }
}
