internal import Glibc

/// A path as `sockaddr_un`; the path is known to fit.
struct SocketAddress {
  private var address = sockaddr_un()

  init(path: String) {
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { space in
      // Safe because copying ends before the last byte, which stays NUL.
      space.copyBytes(from: path.utf8.prefix(space.count - 1))
    }
  }

  func bind(_ descriptor: CInt) -> CInt {
    withPointer { Glibc.bind(descriptor, $0, $1) }
  }

  func connect(_ descriptor: CInt) -> CInt {
    withPointer { Glibc.connect(descriptor, $0, $1) }
  }

  private func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
    withUnsafePointer(to: address) { pointer in
      // Safe because every socket address begins as sockaddr does, and the size goes with it.
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }
}
