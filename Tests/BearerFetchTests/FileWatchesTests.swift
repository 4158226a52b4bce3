import Foundation
import NIOCore
import Testing

@testable import BearerFetch

/// What inotify's events mean.
///
/// The kernel queues an event before the call returns that causes it, so nothing is awaited. But a file is closed with
/// the last descriptor of it, and a process that another test starts just then holds a copy of it for a while; so what
/// is to be seen as closed is written by a process that starts no other.
@Suite struct FileWatchesTests {
  /// An inotify instance of the test's own, and what it was told since it was asked last.
  private final class Trial {
    let directory: TemporaryDirectory
    private let descriptor: CInt
    private var watches: FileWatches

    init(_ path: String = "jwks.json", _ prepare: (TemporaryDirectory) throws -> Void = { _ in }) throws {
      directory = try TemporaryDirectory()
      try prepare(directory)
      descriptor = inotify_init1(CInt(IN_NONBLOCK | IN_CLOEXEC))
      watches = FileWatches(path: "\(directory.path)/\(path)", descriptor: descriptor)
      #expect(watches.renew() == nil)
    }

    deinit { close(descriptor) }

    /// Whether what happened since the last time is about the file; if so, the watches follow it.
    func isChanged() -> Bool {
      var events = ByteBuffer()
      var bytes = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { break }
        events.writeBytes(bytes[..<count])
      }
      let isChanged = watches.areAboutFile(&events)
      if isChanged { #expect(watches.renew() == nil) }
      return isChanged
    }

    /// Writes a file from its beginning, in place, and has closed it on return.
    func write(_ text: String, to name: String) throws { try Self.write(text, to: name, in: directory) }

    static func write(_ text: String, to name: String, in directory: TemporaryDirectory) throws {
      let shell = try Process.run(
        URL(filePath: "/bin/sh"), arguments: ["-c", #"printf %s "$1" >"$2""#, "sh", text, "\(directory.path)/\(name)"])
      shell.waitUntilExit()
      #expect(shell.terminationStatus == 0)
    }

    /// How many watches the kernel holds.
    var count: Int {
      let facts = (try? String(contentsOfFile: "/proc/self/fdinfo/\(descriptor)", encoding: .utf8)) ?? ""
      return facts.split(separator: "\n").count { $0.hasPrefix("inotify ") }
    }
  }

  @Test("a neighbour's changes are not the file's, whatever they are")
  func neighbours() throws {
    let trial = try Trial { try Trial.write("{}", to: "jwks.json", in: $0) }
    for name in ["neighbour", "jwks.json.new", "jwks"] {
      try trial.write("x", to: name)
      #expect(chmod("\(trial.directory.path)/\(name)", 0o600) == 0)
      try trial.directory.rename(name, to: "\(name)~")
      try FileManager.default.removeItem(atPath: "\(trial.directory.path)/\(name)~")
      #expect(!trial.isChanged(), "\(name)")
    }
    try trial.write("{}", to: "jwks.json")
    #expect(trial.isChanged())
  }

  @Test("the file comes, is written, gets other rights, is replaced, goes: each is seen")
  func life() throws {
    let trial = try Trial()
    let path = "\(trial.directory.path)/jwks.json"
    #expect(!trial.isChanged())
    try trial.write("1", to: "jwks.json")
    #expect(trial.isChanged())
    try trial.write("2", to: "jwks.json")
    #expect(trial.isChanged())
    #expect(chmod(path, 0o640) == 0)
    #expect(trial.isChanged())
    try trial.write("3", to: "new")
    #expect(!trial.isChanged())
    try trial.directory.rename("new", to: "jwks.json")
    #expect(trial.isChanged())
    try trial.directory.rename("jwks.json", to: "elsewhere")
    #expect(trial.isChanged())
    try trial.write("4", to: "elsewhere")
    #expect(!trial.isChanged())
    #expect(link("\(trial.directory.path)/elsewhere", path) == 0)
    #expect(trial.isChanged())
    #expect(unlink(path) == 0)
    #expect(trial.isChanged())
    #expect(!trial.isChanged())
  }

  @Test("a write through another name of the file is seen, as through the mount of a single file")
  func otherName() throws {
    let trial = try Trial("a/jwks.json") { directory in
      for name in ["a", "b"] {
        try FileManager.default.createDirectory(
          atPath: "\(directory.path)/\(name)", withIntermediateDirectories: false)
      }
      try Trial.write("1", to: "a/jwks.json", in: directory)
      #expect(link("\(directory.path)/a/jwks.json", "\(directory.path)/b/jwks.json") == 0)
    }
    try trial.write("2", to: "b/jwks.json")
    #expect(trial.isChanged())
  }

  @Test("watches that are of no use any more are given back")
  func obsolete() throws {
    let trial = try Trial("a/b/jwks.json") { directory in
      for number in 0..<20 {
        try FileManager.default.createDirectory(
          atPath: "\(directory.path)/\(number)/b", withIntermediateDirectories: true)
        try Trial.write("\(number)", to: "\(number)/b/jwks.json", in: directory)
      }
      try directory.rename("0", to: "a")
    }
    let count = trial.count
    #expect(count > 0)
    for number in 1..<20 {
      try trial.directory.rename("a", to: "old \(number)")
      try trial.directory.rename("\(number)", to: "a")
      #expect(trial.isChanged())
    }
    #expect(trial.count == count)
    try trial.write("x", to: "old 7/b/jwks.json")
    #expect(!trial.isChanged())
  }

  @Test("when the kernel dropped events, the file may have changed")
  func overflow() throws {
    let trial = try Trial { try Trial.write("{}", to: "jwks.json", in: $0) }
    let bound = try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
    let events = try #require(Int(bound.filter(\.isNumber)))
    // Two names in turn, since an event that repeats the one before it is not queued; twice as many as there is room
    // for, since a close that is delayed may come beside its like.
    for number in 0...2 * events {
      let descriptor = open("\(trial.directory.path)/neighbour-\(number % 2)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      close(descriptor)
    }
    #expect(trial.isChanged())
    #expect(!trial.isChanged())
  }
}
