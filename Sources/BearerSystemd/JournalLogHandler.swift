internal import CLibsystemd
internal import Glibc
package import Logging

// `MESSAGE` is what `journalctl` and `systemctl status` show, so it says all: the text, then the fields. The text alone,
// which is the same each time, is in BEARERD_EVENT, so that one kind of message can be asked for:
//
//     journalctl -u bearerd BEARERD_EVENT="key set replaced" BEARERD_ISSUER=authgear
//
// Every field of ours begins with BEARERD_, so that no metadata, whoever wrote it, can pass for one of the journal's.

/// Logs to the journal with priority and fields (sd_journal_sendv(3), systemd.journal-fields(7)).
package struct JournalLogHandler: LogHandler {
  /// Fields of every message.
  package var metadata: Logger.Metadata = [:]
  /// Adds fields to every message.
  package var metadataProvider: Logger.MetadataProvider?
  /// The least severe messages that are logged.
  package var logLevel: Logger.Level = .info

  private let identifier: String

  /// A handler; nothing is opened before the first message.
  ///
  /// - Parameter identifier: `SYSLOG_IDENTIFIER`, by which `journalctl -t` finds the messages.
  package init(identifier: String = "bearerd") {
    self.identifier = identifier
  }

  /// The value of a metadata key.
  package subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Sends a message to the journal; to standard error if the journal does not take it.
  package func log(event: LogEvent) {
    guard Self.send(fields(of: event)) < 0 else { return }
    let line = "<\(event.level.priority)>\(LogFields(metadata, metadataProvider, event).sentence(event.message))\n"
    // Safe because the string is only read, during the call.
    unsafe _ = Array(line.utf8).withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// A message's fields as `NAME=value`.
  package func fields(of event: LogEvent) -> [String] {
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

  private static func send(_ fields: [String]) -> CInt {
    var bytes: [UInt8] = []
    var ranges: [Range<Int>] = []
    for field in fields {
      let start = bytes.count
      bytes.append(contentsOf: field.utf8)
      ranges.append(start..<bytes.count)
    }
    // Safe because the vectors point into the bytes, which outlive the call, and libsystemd only reads them.
    return unsafe bytes.withUnsafeMutableBytes { bytes in
      let vectors = unsafe ranges.map { range in
        unsafe iovec(iov_base: bytes.baseAddress.map { unsafe $0 + range.lowerBound }, iov_len: range.count)
      }
      return unsafe sd_journal_sendv(vectors, CInt(vectors.count))
    }
  }
}

extension Logger.Level {
  /// The level in syslog's numbers (sd-daemon(3)).
  package var priority: Int {
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
