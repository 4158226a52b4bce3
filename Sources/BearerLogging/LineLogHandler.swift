import BearerJSON
import Glibc
import Logging

/// Logs lines of text or JSON, one per message.
struct LineLogHandler: LogHandler {
  /// What a line looks like.
  enum Shape {
    /// `{"time":"2026-11-23T13:50:37.123456Z","level":"warning","message":"…","fields":{"bearerd.issuer":"authgear"}}`
    case json
    /// `2026-11-23T13:50:37.123456Z warning: keys are stale and still used: issuer=authgear`
    case text

    /// Where the time begins in a line.
    var timeOffset: Int {
      switch self {
      case .json: #"{"time":""#.utf8.count
      case .text: 0
      }
    }
  }

  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  var logLevel: Logger.Level = .info

  private let shape: Shape
  private let now: @Sendable () -> timespec
  private let write: @Sendable ([UInt8]) -> Void

  /// A handler.
  ///
  /// - Parameters:
  ///   - shape: What a line looks like.
  ///   - now: The time of a message.
  ///   - write: Takes each line, with its LF.
  init(
    _ shape: Shape, now: @escaping @Sendable () -> timespec = Self.wallClock,
    write: @escaping @Sendable ([UInt8]) -> Void
  ) {
    self.shape = shape
    self.now = now
    self.write = write
  }

  subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { write(line(of: event)) }

  /// A message as a line, with its LF.
  func line(of event: LogEvent) -> [UInt8] {
    let fields = LogFields(metadata, metadataProvider, event)
    let time = Self.text(of: now())
    switch shape {
    case .text: return Array("\(time) \(event.level): \(fields.sentence(event.message))\n".utf8)
    case .json:
      let object: JSONObject = [
        "time": .string(time), "level": .string(event.level.rawValue),
        "message": .string(LogFields.harmless("\(event.message)")),
        "fields": .object(JSONObject(fields.fields.map { .init(name: $0.name, value: Self.json($0.value)) })),
      ]
      return JSONValue.object(object).serialized() + [0x0A]
    }
  }

  /// A value as JSON: lists and tables keep their shape, and every text in them is cut and escaped (``LogFields``).
  private static func json(_ value: Logger.MetadataValue) -> JSONValue {
    switch value {
    case .string(let text): .string(LogFields.harmless(text))
    case .stringConvertible(let value): .string(LogFields.harmless(value.description))
    case .array(let values): .array(values.map(json))
    case .dictionary(let members):
      .object(JSONObject(members.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: json($0.value)) }))
    }
  }

  // MARK: Time

  /// A time in the form of RFC 3339, in UTC, with microseconds.
  private static func text(of time: timespec) -> String {
    var seconds = time.tv_sec
    var parts = tm()
    // Safe because gmtime_r only fills the structure; if it fails, the parts stay zero.
    gmtime_r(&seconds, &parts)
    func digits(_ number: Int, _ width: Int = 2) -> String {
      let text = "\(number)"
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    let (year, month, day) = (Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday))
    let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits(Int($0)) }.joined(separator: ":")
    return "\(digits(year, 4))-\(digits(month))-\(digits(day))T\(clock).\(digits(time.tv_nsec / 1000, 6))Z"
  }

  /// Replaces the time in a line.
  static func stamp(_ time: timespec, _ line: inout [UInt8], at offset: Int) {
    let text = Array(text(of: time).utf8)
    guard offset + text.count <= line.count else { return }
    line.replaceSubrange(offset..<offset + text.count, with: text)
  }

  static let wallClock: @Sendable () -> timespec = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return time
  }
}
