import Glibc

/// Standard error, or another descriptor in tests.
enum StandardError {
  /// Writes all of it, however long that takes.
  ///
  /// After an error (a closed pipe, a full disk) the rest is dropped: a log must never stop the daemon.
  static func write(_ line: [UInt8], to descriptor: CInt = STDERR_FILENO) {
    var rest = line[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN {
        // Another process that shares the descriptor may have made it non-blocking.
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&ready, 1, -1)
        continue
      }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
