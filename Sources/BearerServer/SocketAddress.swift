internal import Glibc

/// The address of a Unix socket (unix(7)).
package struct SocketAddress {
  private var address = sockaddr_un()
  private var length = socklen_t(MemoryLayout<sockaddr_un>.size)

  /// The address of a path, which is known to fit.
  package init(path: String) {
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { space in
      // Safe because copying ends before the last byte, which stays NUL.
      space.copyBytes(from: path.utf8.prefix(space.count - 1))
    }
  }

  /// The address that a socket is bound to; nil if it has none, or it is not a Unix socket.
  init?(of descriptor: CInt) {
    var length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      // Safe because the kernel writes at most `length` bytes, the size of the structure.
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard status == 0, address.sun_family == sa_family_t(AF_UNIX), length > MemoryLayout<sa_family_t>.size else {
      return nil
    }
    self.length = min(length, socklen_t(MemoryLayout<sockaddr_un>.size))
  }

  /// The path; nil for an abstract address, whose first byte is NUL (unix(7)).
  var path: String? {
    withUnsafeBytes(of: address.sun_path) { bytes in
      let text = bytes.prefix { $0 != 0 }
      return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }
  }

  /// Binds a socket to it (bind(2)): 0, or -1 with `errno`.
  package func bind(_ descriptor: CInt) -> CInt {
    withPointer { Glibc.bind(descriptor, $0, $1) }
  }

  /// Connects a socket to it (connect(2)): 0, or -1 with `errno`.
  package func connect(_ descriptor: CInt) -> CInt {
    withPointer { Glibc.connect(descriptor, $0, $1) }
  }

  private func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
    withUnsafePointer(to: address) { pointer in
      // Safe because every socket address begins as sockaddr does, and the size goes with it.
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }
}
