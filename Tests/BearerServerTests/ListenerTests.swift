import BearerFraming
import Foundation
import Glibc
import Logging
import Testing

@testable import BearerServer

@Suite("A listener")
struct ListenerTests {
  /// Runs a server at a path and says what it threw.
  private func fault(_ addresses: ListenAddress...) async -> ListenerFault? {
    do {
      try await RunningServer.run(addresses: addresses) { _ in }
      return nil
    } catch {
      return error as? ListenerFault
    }
  }

  private func mode(_ path: String) -> mode_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
  }

  @Test("makes missing directories, sets mode and group, and removes its socket when it stops")
  func ownSocket() async throws {
    let root = RunningServer.freePath()
    let path = "\(root)/a/b/s"
    let file = SocketFile(path: path, mode: 0o600, group: "\(getegid())")
    try await RunningServer.run(addresses: [.path(file)]) { running in
      #expect(mode(path) == 0o600)
      #expect(running.server.socketsAreInPlace)
      let client = try #require(RawClient(path))
      defer { client.close() }
      await client.send("order here\n")
      #expect(await client.line() == "here")
    }
    #expect(mode(path) == nil)
    for directory in ["\(root)/a/b", "\(root)/a", root] { #expect(rmdir(directory) == 0) }
  }

  @Test("has the kernel hold no more of a connection's replies than it is told to, whatever its default is")
  func kernelBuffer() async throws {
    let path = RunningServer.freePath()
    let socket = try await ListeningSocket(SocketFile(path: path))
    defer { socket.abandon() }
    let acceptor = Acceptor(
      sockets: [socket], counter: ConnectionCounter(limits: ServerLimits()), logger: Logger(label: "test"))
    let client = try #require(RawClient(path))
    defer { client.close() }
    guard case .accepted(let accepted) = acceptor.accept(from: 0) else {
      Issue.record("nobody was accepted")
      return
    }
    defer { close(accepted.descriptor) }
    var bytes: CInt = 0
    var length = socklen_t(MemoryLayout<CInt>.size)
    #expect(getsockopt(accepted.descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, &length) == 0)
    // The kernel doubles what it is told (socket(7)).
    #expect(bytes == 2 * 65536)
  }

  @Test("replaces a stale socket")
  func stale() async throws {
    let path = RunningServer.freePath()
    close(bound(path, backlog: 1))
    try await RunningServer.run(addresses: [.path(SocketFile(path: path))]) { _ in
      let client = try #require(RawClient(path))
      client.close()
    }
  }

  @Test("starts although somebody who may read its directory has locked that")
  func lockedDirectory() async throws {
    let directory = RunningServer.freePath()
    mkdir(directory, 0o755)
    defer { rmdir(directory) }
    let foreign = open(directory, O_RDONLY | O_DIRECTORY)
    defer { close(foreign) }
    #expect(flock(foreign, LOCK_EX | LOCK_NB) == 0)
    try await RunningServer.run(addresses: [.path(SocketFile(path: "\(directory)/s"))]) { _ in
      #expect(mode("\(directory)/s") == 0o660)
      #expect(mode("\(directory)/.s.lock") == nil)
    }
  }

  @Test("a lock that a daemon left when it died is in nobody's way, and a link in its place is not followed")
  func leftLock() async throws {
    let directory = RunningServer.freePath()
    mkdir(directory, 0o755)
    defer { rmdir(directory) }
    let lock = "\(directory)/.s.lock"
    close(open(lock, O_CREAT | O_WRONLY, 0o600))
    try await RunningServer.run(addresses: [.path(SocketFile(path: "\(directory)/s"))]) { _ in
      #expect(mode(lock) == nil)
    }
    #expect(symlink("\(directory)/elsewhere", lock) == 0)
    try await RunningServer.run(addresses: [.path(SocketFile(path: "\(directory)/s"))]) { _ in
      #expect(mode("\(directory)/elsewhere") == nil)
      #expect(mode(lock) != nil)
    }
    unlink(lock)
  }

  @Test("starts although another user holds the lock, once a start has had its time", .enabled(if: geteuid() == 0))
  func foreignLock() async throws {
    let directory = RunningServer.freePath()
    mkdir(directory, 0o777)
    defer { rmdir(directory) }
    let lock = "\(directory)/.s.lock"
    let foreign = open(lock, O_CREAT | O_RDWR, 0o600)
    defer {
      close(foreign)
      unlink(lock)
    }
    #expect(fchown(foreign, 65534, 65534) == 0)
    #expect(flock(foreign, LOCK_EX | LOCK_NB) == 0)
    try await RunningServer.run(addresses: [.path(SocketFile(path: "\(directory)/s"))]) { _ in
      #expect(mode("\(directory)/s") == 0o660)
      #expect(mode(lock) == 0o600)
    }
  }

  @Test("gives its mode and group to a socket only, never to where a link leads or to another file")
  func foreignFile() throws {
    let path = RunningServer.freePath()
    let link = "\(path)-link"
    let socket = "\(path)-socket"
    close(open(path, O_CREAT | O_WRONLY, 0o600))
    close(bound(socket, backlog: nil))
    chmod(socket, 0o600)
    defer { for path in [path, link, socket] { unlink(path) } }
    #expect(symlink(socket, link) == 0)
    for path in [path, link] {
      #expect(throws: ListenerFault.permissions(path: path, errno: EPERM)) {
        try ListeningSocket.giveAway(path, mode: 0o666, group: getegid())
      }
    }
    #expect(mode(path) == 0o600)
    #expect(mode(socket) == 0o600)
    try ListeningSocket.giveAway(socket, mode: 0o666, group: getegid())
    #expect(mode(socket) == 0o666)
  }

  @Test("respects a live socket, also one whose queue is full")
  func live() async throws {
    let path = RunningServer.freePath()
    let descriptor = bound(path, backlog: 0)
    defer {
      close(descriptor)
      unlink(path)
    }
    #expect(await fault(.path(SocketFile(path: path))) == .liveDaemon(path: path))
    #expect(await fault(.path(SocketFile(path: path))) == .liveDaemon(path: path))
    #expect(mode(path) != nil)
  }

  @Test("never touches what is not a socket")
  func notASocket() async throws {
    let path = RunningServer.freePath()
    close(open(path, O_CREAT | O_WRONLY, 0o600))
    defer { unlink(path) }
    #expect(await fault(.path(SocketFile(path: path))) == .notASocket(path: path))
    #expect(mode(path) == 0o600)
  }

  @Test("says what is wrong with a path or a group")
  func faults() async throws {
    let long = "/tmp/" + String(repeating: "x", count: 103)
    #expect(await fault(.path(SocketFile(path: long))) == .pathTooLong(path: long, bytes: 108))
    #expect(await fault(.path(SocketFile(path: ""))) == .pathTooLong(path: "", bytes: 0))
    #expect(
      await fault(.path(SocketFile(path: "/dev/null/x/s"))) == .directory(path: "/dev/null/x", errno: ENOTDIR))
    let path = RunningServer.freePath()
    #expect(await fault(.path(SocketFile(path: path, group: "no-such-group"))) == .unknownGroup("no-such-group"))
    #expect(await fault() == .noAddress)
  }

  @Test("gives back the first socket when the second cannot be had")
  func secondFails() async throws {
    let path = RunningServer.freePath()
    #expect(await fault(.path(SocketFile(path: path)), .path(SocketFile(path: ""))) == .pathTooLong(path: "", bytes: 0))
    #expect(mode(path) == nil)
  }

  @Test("takes nobody's socket who is between making it and listening, which looks like a stale one")
  func unfinishedStart() async throws {
    let path = RunningServer.freePath()
    let lock = try await StartLock(of: path)
    let starting = bound(path, backlog: nil)
    defer {
      close(starting)
      unlink(path)
    }
    func inode() -> ino_t? {
      var status = stat()
      return lstat(path, &status) == 0 ? status.st_ino : nil
    }
    let made = inode()
    #expect(await fault(.path(SocketFile(path: path))) == .directoryLocked(path: "/tmp"))
    #expect(inode() == made)
    listen(starting, 1)
    lock.release()
    #expect(await fault(.path(SocketFile(path: path))) == .liveDaemon(path: path))
    #expect(inode() == made)
  }

  @Test("of several daemons that start at one stale path, one serves and the others are told")
  func severalAtOnce() async throws {
    let path = RunningServer.freePath()
    close(bound(path, backlog: 1))
    let count = 5
    let (arrivals, arrived) = AsyncStream.makeStream(of: Bool.self)
    let (ends, end) = AsyncStream.makeStream(of: Void.self)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for _ in 0..<count {
        tasks.addTask {
          do {
            try await RunningServer.run(addresses: [.path(SocketFile(path: path))]) { _ in
              arrived.yield(true)
              // Serves until everyone has had their try.
              for await _ in ends {}
            }
          } catch {
            #expect(error as? ListenerFault == .liveDaemon(path: path))
            arrived.yield(false)
          }
        }
      }
      var outcomes: [Bool] = []
      for await outcome in arrivals {
        outcomes.append(outcome)
        if outcomes.count == count { break }
      }
      #expect(outcomes.count(where: { $0 }) == 1)
      #expect(mode(path) == 0o660)
      end.finish()
      try await tasks.waitForAll()
    }
    #expect(mode(path) == nil)
  }

  @Test("leaves a file alone that took the place of its own")
  func replaced() async throws {
    let path = RunningServer.freePath()
    try await RunningServer.run(addresses: [.path(SocketFile(path: path))]) { running in
      unlink(path)
      #expect(!running.server.socketsAreInPlace)
      close(open(path, O_CREAT | O_WRONLY, 0o600))
    }
    #expect(mode(path) == 0o600)
    unlink(path)
  }

  @Test("serves sockets that were passed in, and leaves their files")
  func inherited() async throws {
    let path = RunningServer.freePath()
    let descriptor = bound(path, backlog: 8)
    // A client that came before the server waits in the kernel.
    let early = try #require(RawClient(path))
    await early.send("order early\n")
    try await RunningServer.run(addresses: [.inherited([descriptor])]) { _ in
      #expect(await early.line() == "early")
    }
    early.close()
    #expect(mode(path) != nil)
    unlink(path)
  }

  @Test("refuses a passed-in descriptor that does not listen")
  func unfit() async throws {
    let path = RunningServer.freePath()
    let descriptor = bound(path, backlog: nil)
    defer { unlink(path) }
    #expect(await fault(.inherited([descriptor])) == .unfitDescriptor(descriptor))
    close(descriptor)
  }
}
