import Foundation

/// The built `bearerd` in a process of its own, with what it writes to standard output and standard error.
final class BuiltProgram {
  /// Where the test bundle and the programs were built.
  static let directory = Bundle.main.executableURL?.deletingLastPathComponent() ?? URL(filePath: ".build/debug")

  private let process = Process()
  private let output = Collector()
  private let error = Collector()
  private let ended = DispatchSemaphore(value: 0)
  private var logCursor = 0

  /// Starts it.
  init(_ arguments: [String], environment: [String: String], input: String? = nil) throws {
    process.executableURL = Self.directory.appending(path: "bearerd")
    process.arguments = arguments
    process.environment = environment.merging(["PATH": "/usr/bin:/bin", "COLUMNS": "80"]) { given, _ in given }
    process.standardOutput = output.pipe
    process.standardError = error.pipe
    let standardInput = Pipe()
    process.standardInput = standardInput
    process.terminationHandler = { [ended] _ in ended.signal() }
    try process.run()
    output.collect()
    error.collect()
    if let input { try? standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8)) }
    try standardInput.fileHandleForWriting.close()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// All of standard error so far.
  var errorText: String { error.text }

  func send(_ signal: CInt) { kill(process.processIdentifier, signal) }

  /// Waits for the end; nil if it does not come.
  func end() -> (status: Int32, output: String, error: String)? {
    guard ended.wait(timeout: .now() + patience) == .success else { return nil }
    ended.signal()
    let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    return (status, output.whole(), error.whole())
  }

  /// Waits until the daemon has logged that it listens.
  func awaitListening() -> Bool {
    var cursor = 0
    return error.await("listening", from: &cursor)
  }

  /// Waits for a line on standard error that holds `text`, after the one that was found last.
  func awaitLog(_ text: String) -> Bool { error.await(text, from: &logCursor) }
}

/// Reads a pipe on a thread of its own.
private final class Collector: @unchecked Sendable {
  let pipe = Pipe()
  // Safe because all that changes is read and written with the condition locked.
  private let condition = NSCondition()
  private var bytes: [UInt8] = []
  private var hasEnded = false

  func collect() {
    let handle = pipe.fileHandleForReading
    Thread.detachNewThread { [self] in
      while true {
        let data = handle.availableData
        condition.withLock {
          bytes += data
          hasEnded = data.isEmpty
          condition.broadcast()
        }
        if data.isEmpty { return }
      }
    }
  }

  var text: String { condition.withLock { String(decoding: bytes, as: UTF8.self) } }

  func whole() -> String {
    let limit = Date(timeIntervalSinceNow: patience)
    return condition.withLock {
      while !hasEnded, condition.wait(until: limit) {}
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  func await(_ text: String, from cursor: inout Int) -> Bool {
    let limit = Date(timeIntervalSinceNow: patience)
    return condition.withLock {
      while true {
        while let end = bytes[cursor...].firstIndex(of: 0x0A) {
          let line = String(decoding: bytes[cursor..<end], as: UTF8.self)
          cursor = end + 1
          if line.contains(text) { return true }
        }
        if hasEnded || !condition.wait(until: limit) { return false }
      }
    }
  }
}
