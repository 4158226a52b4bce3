import Glibc
import NIOCore

/// The watches of one inotify instance on what decides which bytes a path names.
struct FileWatches: Sendable {
  let path: String
  let descriptor: CInt
  /// The names that matter in each watched directory.
  private var names: [CInt: Set<String>] = [:]
  /// The watch on the file itself, where everything matters.
  private var file: CInt = -1

  /// No watches yet, on an instance that the caller made and closes.
  init(path: String, descriptor: CInt) {
    self.path = path
    self.descriptor = descriptor
  }

  /// Walks the way anew and watches what is on it, until nothing changed between walk and watch.
  ///
  /// - Returns: The error number if something on the way cannot be watched, so that changes may be missed.
  mutating func renew() -> CInt? {
    let changes = UInt32(
      IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
    var entries: [WatchedPath.Entry] = []
    var failure: CInt?
    for _ in 0..<8 {
      let now = WatchedPath.entries(of: path)
      if now == entries { return failure }
      entries = now
      failure = nil
      var renewed: [CInt: Set<String>] = [:]
      for entry in entries {
        let watch = inotify_add_watch(descriptor, entry.directory, changes | UInt32(IN_ONLYDIR))
        // A directory that went since the walk is missed by the next one, and that is no failure.
        if watch >= 0 {
          renewed[watch, default: []].insert(entry.name)
        } else if errno != ENOENT, errno != ENOTDIR {
          failure = errno
        }
      }
      let renewedFile = inotify_add_watch(descriptor, path, UInt32(IN_CLOSE_WRITE | IN_ATTRIB))
      // A path that names a directory has the watch of an entry below it.
      let obsolete = Set(names.keys).union([file]).subtracting(renewed.keys).subtracting([renewedFile, -1])
      for watch in obsolete { inotify_rm_watch(descriptor, watch) }
      file = renewedFile
      names = renewed
    }
    return failure
  }

  /// Whether one of the events may mean that the path names other bytes now.
  ///
  /// - Parameter events: What was read off the descriptor: whole events, all of which are taken out.
  /// - Returns: False if all of them are about something else.
  func areAboutFile(_ events: inout ByteBuffer) -> Bool {
    var areAbout = false
    // struct inotify_event: watch, mask, cookie, length, name with padding of zeros
    while let watch = events.readInteger(endianness: .host, as: CInt.self),
      let mask = events.readInteger(endianness: .host, as: UInt32.self),
      events.readInteger(endianness: .host, as: UInt32.self) != nil,
      let length = events.readInteger(endianness: .host, as: UInt32.self),
      let name = events.readBytes(length: Int(length))
    {
      let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
      if isAboutFile(watch: watch, mask: mask, name: text) { areAbout = true }
    }
    return areAbout
  }

  private func isAboutFile(watch: CInt, mask: UInt32, name: String) -> Bool {
    if mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
    if watch == file { return true }
    guard let interesting = names[watch] else { return false }
    return interesting.contains(name) || mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF) != 0
  }
}
