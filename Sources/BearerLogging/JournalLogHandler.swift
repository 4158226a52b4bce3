import Logging

// `journalctl` and `systemctl status` show only `MESSAGE`, so it has the text and all fields. The constant text alone
// is in BEARERD_EVENT, so that one kind of message can be selected:
//
//     journalctl -u bearerd BEARERD_EVENT="key set replaced" BEARERD_ISSUER=authgear
//
// The name of each metadata field begins with BEARERD_, so that none can pass for a field of the journal's own.

/// Logs to the journal with priority and fields (systemd.journal-fields(7)).
struct JournalLogHandler: LogHandler {
  /// Fields of every message.
  var metadata: Logger.Metadata = [:]
  /// Adds fields to every message.
  var metadataProvider: Logger.MetadataProvider?
  /// The least severe messages that are logged.
  var logLevel: Logger.Level = .info

  private let identifier: String
  private let write: @Sendable ([UInt8]) -> Void

  /// A handler.
  ///
  /// - Parameters:
  ///   - identifier: `SYSLOG_IDENTIFIER`, by which `journalctl -t` finds the messages.
  ///   - write: Takes each entry: its fields, with an LF between them. No value has an LF in it.
  init(identifier: String = "bearerd", write: @escaping @Sendable ([UInt8]) -> Void) {
    self.identifier = identifier
    self.write = write
  }

  /// The value of a metadata key.
  subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { write(entry(of: event)) }

  /// A message as an entry of the journal.
  func entry(of event: LogEvent) -> [UInt8] { Array(fields(of: event).joined(separator: "\n").utf8) }

  /// An entry as a line for standard error, with the priority where the service manager reads it (sd-daemon(3)).
  static func line(of entry: [UInt8]) -> [UInt8] {
    func value(_ name: String) -> ArraySlice<UInt8> {
      entry.split(separator: 0x0A).first { $0.starts(with: name.utf8) }?.dropFirst(name.utf8.count) ?? []
    }
    return [UInt8(ascii: "<")] + value("PRIORITY=") + [UInt8(ascii: ">")] + value("MESSAGE=") + [0x0A]
  }

  /// A message's fields as `NAME=value`.
  func fields(of event: LogEvent) -> [String] {
    let fields = LogFields(metadata, metadataProvider, event)
    return [
      "MESSAGE=\(fields.sentence(event.message))", "PRIORITY=\(event.level.priority)",
      "SYSLOG_IDENTIFIER=\(identifier)", "BEARERD_EVENT=\(LogFields.harmless("\(event.message)"))",
    ] + fields.fields.map { "\(Self.name($0.name))=\($0.text)" }
  }

  /// A metadata key as the name of a field: `bearerd.issuer` is `BEARERD_ISSUER`.
  ///
  /// Names have at most 64 of the characters A-Z, 0-9 and _ (systemd.journal-fields(7)).
  private static func name(_ key: String) -> String {
    let own = key.hasPrefix("bearerd.") ? key.dropFirst(8) : key[...]
    let characters = own.utf8.prefix(56).map { byte -> UInt8 in
      switch byte {
      case 0x30...0x39, 0x41...0x5A: byte
      case 0x61...0x7A: byte - 0x20
      default: UInt8(ascii: "_")
      }
    }
    return "BEARERD_" + String(decoding: characters, as: UTF8.self)
  }
}

extension Logger.Level {
  /// The level as a syslog priority (sd-daemon(3)).
  var priority: Int {
    switch self {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}
