import Glibc

/// What is wrong with a transcript, or with what it found.
struct TranscriptFault: Error, Equatable {
  var line: Int
  var message: String
}

/// Reads transcripts; whatever is no directive, or not quite one, is refused, so that nothing is left unchecked by a slip.
struct TranscriptReader {
  private var lines: [Substring]
  private var next = 0

  /// The steps of a transcript.
  static func read(_ text: String) throws(TranscriptFault) -> [Step] {
    var reader = TranscriptReader(lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    var steps: [Step] = []
    while reader.next < reader.lines.count {
      let number = reader.next + 1
      let line = String(reader.lines[reader.next])
      reader.next += 1
      if line.isEmpty || line.hasPrefix("#") { continue }
      steps.append(Step(line: number, directive: try reader.directive(line)))
    }
    return steps
  }

  private mutating func directive(_ line: String) throws(TranscriptFault) -> Directive {
    if line == ">" { return .send("") }
    let (word, rest) = Self.split(line)
    switch word {
    case ">": return .send(rest)
    case "<" where !rest.isEmpty: return .reply(rest)
    case "$": return try command(rest)
    case "raw": return .raw(try unescaped(rest))
    case "log" where !rest.isEmpty: return .log(rest)
    case "file" where !rest.isEmpty: return .file(rest, content: block())
    case "token": return try token(rest)
    default: return try plain(word, try words(rest))
    }
  }

  private func plain(_ word: String, _ arguments: [String]) throws(TranscriptFault) -> Directive {
    if let mood = Directive.Mood(rawValue: word), arguments.count == 1 { return .mood(mood, issuer: arguments[0]) }
    switch (word, arguments.count) {
    case ("issuer", 1...2): return .issuer(arguments[0], algorithm: arguments.count == 2 ? arguments[1] : nil)
    case ("publish", 2...): return .publish(arguments[0], keys: Array(arguments.dropFirst()))
    case ("requests", 2): return .requests(arguments[0], count: Int(try integer(arguments[1])))
    case ("revoke", 2): return .revoke(token: arguments[1], issuer: arguments[0])
    case ("move", 2): return .move(arguments[0], to: arguments[1])
    case ("remove", 1): return .remove(arguments[0])
    case ("directory", 1): return .directory(arguments[0])
    case ("stale-socket", 1): return .staleSocket(arguments[0])
    case ("age-snapshot", 2): return .ageSnapshot(issuer: arguments[0], seconds: try integer(arguments[1]))
    case ("serve", _): return .serve(arguments: arguments)
    case ("signal", 1) where arguments[0] == "TERM": return .signal(SIGTERM)
    case ("signal", 1) where arguments[0] == "HUP": return .signal(SIGHUP)
    case ("exits", 1): return .exits(Int32(clamping: try integer(arguments[0])))
    case ("connect", 0...1): return .connect(arguments.first ?? "")
    case ("fill", 2) where arguments[1].utf8.count == 1:
      return .fill(count: Int(try integer(arguments[0])), Array(arguments[1].utf8)[0])
    case ("half-close", 0): return .halfClose
    case ("closed", 0): return .closed
    case ("close", 0): return .close
    default: throw fault("no such directive, or not with these arguments: \(word) \(arguments.joined(separator: " "))")
    }
  }

  /// `NAME = mint ISSUER OPTION...`, `NAME = forge TOKEN` or `NAME = text TEXT`.
  private func token(_ text: String) throws(TranscriptFault) -> Directive {
    let parts = text.split(separator: " ", maxSplits: 3).map(String.init)
    guard parts.count == 4, parts[1] == "=" else { throw fault("expected: token NAME = mint|forge|text …") }
    switch parts[2] {
    case "mint": return .mint(token: parts[0], arguments: try words(parts[3]))
    case "forge": return .forge(token: parts[0], of: parts[3])
    case "text": return .text(token: parts[0], parts[3])
    default: throw fault("a token is made by mint, forge or text")
    }
  }

  /// A command, and the lines after it that say what it must print and how it must end.
  private mutating func command(_ text: String) throws(TranscriptFault) -> Directive {
    let number = next
    let parts = text.split(separator: "<<<", maxSplits: 1).map(String.init)
    let arguments = try words(parts[0])
    guard arguments.first == "bearerd" else { throw fault("the only command is bearerd") }
    let input = parts.count == 2 ? try words(parts[1]).joined(separator: " ") : nil
    var expected = Directive.Outcome()
    while expected.status == nil {
      guard next < lines.count else { throw TranscriptFault(line: number, message: "a command needs its exit status") }
      let (word, rest) = Self.split(String(lines[next]))
      next += 1
      switch word {
      case "stdout": expected.output.append(rest)
      case "stderr": expected.error.append(rest)
      case "exit": expected.status = Int32(clamping: try integer(rest))
      default: throw fault("after a command come stdout, stderr and exit")
      }
    }
    return .run(arguments: Array(arguments.dropFirst()), input: input, expected: expected)
  }

  /// The lines that begin with `|`, without it and one space.
  private mutating func block() -> String {
    var content = ""
    while next < lines.count, lines[next].hasPrefix("|") {
      content += lines[next].dropFirst(lines[next].hasPrefix("| ") ? 2 : 1) + "\n"
      next += 1
    }
    return content
  }

  // MARK: Pieces

  private static func split(_ line: String) -> (word: String, rest: String) {
    guard let space = line.firstIndex(of: " ") else { return (line, "") }
    return (String(line[..<space]), String(line[line.index(after: space)...]))
  }

  /// Words as in a shell: between spaces, or between single or double quotes, within which nothing is special.
  private func words(_ text: String) throws(TranscriptFault) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in text {
      switch (quote, character) {
      case (character, _): quote = nil
      case (nil, "'"), (nil, "\""):
        quote = character
        word = word ?? ""
      case (nil, " "):
        if let finished = word { words.append(finished) }
        word = nil
      default: word = (word ?? "") + String(character)
      }
    }
    if quote != nil { throw fault("a quote is not closed") }
    if let word { words.append(word) }
    return words
  }

  private func integer(_ text: String) throws(TranscriptFault) -> Int64 {
    guard let integer = Int64(text) else { throw fault("not an integer: \(text)") }
    return integer
  }

  /// Bytes with the escapes `\n`, `\r`, `\\` and `\xNN`.
  private func unescaped(_ text: String) throws(TranscriptFault) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
      case UInt8(ascii: "x"):
        guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
          throw fault("\\x needs two hexadecimal digits")
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
      default: throw fault("no such escape")
      }
    }
    return bytes
  }

  private func fault(_ message: String) -> TranscriptFault { TranscriptFault(line: next, message: message) }
}
