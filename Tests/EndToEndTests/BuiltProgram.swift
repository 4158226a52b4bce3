import BearerTestKit
import Foundation

/// The built `bearerd` in a process of its own, with what it writes to standard output and standard error.
final class BuiltProgram {
  /// Where the test bundle and the programs were built.
  static let directory = Bundle.main.executableURL?.deletingLastPathComponent() ?? URL(filePath: ".build/debug")

  private let process = Process()
  private let output: Collector
  private let error: Collector
  private let ended = DispatchSemaphore(value: 0)
  private var logCursor = 0

  /// Starts it; by another command, if there is one, which gets the program's path and arguments after its own.
  init(
    _ arguments: [String], environment: [String: String], input: String? = nil, by launcher: [String] = []
  ) throws {
    output = try Collector()
    error = try Collector()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = launcher + [Self.directory.appending(path: "bearerd").path()] + arguments
    process.environment = environment.merging(BearerTestKit.BuiltProgram.environment) { given, _ in given }
    process.standardOutput = output.writing
    process.standardError = error.writing
    let (inputReading, inputWriting) = try Self.pipe()
    process.standardInput = inputReading
    process.terminationHandler = { [ended] _ in ended.signal() }
    try process.run()
    output.collect()
    error.collect()
    try inputReading.close()
    if let input { try? inputWriting.write(contentsOf: Data(input.utf8)) }
    try inputWriting.close()
  }

  /// A pair that serves as a pipe and that no other process inherits: its end would not come before that process's.
  static func pipe() throws -> (reading: FileHandle, writing: FileHandle) {
    var descriptors: [CInt] = [-1, -1]
    // Not pipe(2): its descriptors could be inherited in the instant before they are marked.
    let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &descriptors) == 0 else { throw POSIXError(.EMFILE) }
    return (
      FileHandle(fileDescriptor: descriptors[0], closeOnDealloc: true),
      FileHandle(fileDescriptor: descriptors[1], closeOnDealloc: true)
    )
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// All of standard error so far.
  var errorText: String { error.text }

  /// How much memory it has of its own, in bytes: resident, and not of a file.
  ///
  /// It is 0 under a sanitizer, which keeps what is freed, so that its memory tells nothing.
  var anonymousMemory: Int? {
    if BearerTestKit.BuiltProgram.isSanitized { return 0 }
    let line = facts("status")?.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }

  /// What the kernel tells of it in a file of proc(5).
  func facts(_ name: String) -> String? {
    try? String(contentsOfFile: "/proc/\(process.processIdentifier)/\(name)", encoding: .utf8)
  }

  /// How many of its descriptors lead to something, such as `anon_inode:inotify`.
  func descriptors(to target: String) throws -> Int {
    let directory = "/proc/\(process.processIdentifier)/fd"
    // One that is closed meanwhile leads to nothing.
    return try FileManager.default.contentsOfDirectory(atPath: directory).filter { number in
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\(number)")) == target
    }.count
  }

  func send(_ signal: CInt) { kill(process.processIdentifier, signal) }

  /// Waits for the end; nil if it does not come.
  func end() -> (status: Int32, output: String, error: String)? {
    guard ended.wait(timeout: .now() + patience) == .success else { return nil }
    ended.signal()
    let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    guard let output = output.whole(), let error = error.whole() else { return nil }
    return (status, output, error)
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
  let writing: FileHandle
  private let reading: FileHandle
  // Safe because all that changes is read and written with the condition locked.
  private let condition = NSCondition()
  private var bytes: [UInt8] = []
  private var hasEnded = false

  init() throws { (reading, writing) = try BuiltProgram.pipe() }

  /// Begins to read, once the process has its end of the pipe.
  func collect() {
    try? writing.close()
    let handle = reading
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

  /// Everything, once it has ended; nil if it does not.
  func whole() -> String? {
    let limit = Date(timeIntervalSinceNow: patience)
    return condition.withLock {
      while !hasEnded, condition.wait(until: limit) {}
      guard hasEnded else { return nil }
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
