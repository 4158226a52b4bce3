/// One thing that a transcript does or expects; what each means stands in `Transcripts/README.md`.
enum Directive: Equatable, Sendable {
  // Providers
  case issuer(String, algorithm: String?)
  case publish(String, keys: [String])
  case mood(Mood, issuer: String)
  case requests(String, count: Int)

  // Tokens and files
  case mint(token: String, arguments: [String])
  case forge(token: String, of: String)
  case text(token: String, String)
  case revoke(token: String, issuer: String)
  case file(String, content: String)
  case move(String, to: String)
  case remove(String)
  case directory(String)
  case staleSocket(String)
  case ageSnapshot(issuer: String, seconds: Int64)

  // The daemon
  case serve(arguments: [String])
  case log(String)
  case signal(CInt)
  case exits(Int32)

  // Its socket
  case connect(String)
  case send(String)
  case raw([UInt8])
  case fill(count: Int, UInt8)
  case halfClose
  case reply(String)
  case closed
  case close

  // Commands
  case run(arguments: [String], input: String?, expected: Outcome)

  /// How a provider answers from now on.
  enum Mood: String, CaseIterable, Sendable {
    /// As it should.
    case up
    /// Every connection is reset.
    case down
    /// The key set is not sent before `release`.
    case hold
    /// What is held is sent, and from now on at once.
    case release
    /// Status 503 to everything.
    case failing
  }

  /// What a command must print, and how it must end.
  struct Outcome: Equatable, Sendable {
    var output: [String] = []
    var error: [String] = []
    var status: Int32?
  }
}

/// A directive with the line of the transcript where it stands.
struct Step: Equatable, Sendable {
  var line: Int
  var directive: Directive
}
