internal import CLibsystemd
internal import Glibc

/// The system's journal (sd_journal_sendv(3)).
package enum Journal {
  /// Sends an entry.
  ///
  /// It may block while the journal's own queue is full.
  ///
  /// - Parameter entry: Its fields as `NAME=value` (systemd.journal-fields(7)), with an LF between them.
  /// - Returns: Whether the journal took it.
  package static func send(_ entry: [UInt8]) -> Bool {
    var bytes = entry
    let ranges = entry.split(separator: 0x0A).map { $0.startIndex..<$0.endIndex }
    // Safe because the vectors point into the bytes, which outlive the call, and libsystemd only reads them.
    return unsafe bytes.withUnsafeMutableBytes { bytes in
      let vectors = unsafe ranges.map { range in
        unsafe iovec(iov_base: bytes.baseAddress.map { unsafe $0 + range.lowerBound }, iov_len: range.count)
      }
      return unsafe sd_journal_sendv(vectors, CInt(vectors.count)) >= 0
    }
  }
}
