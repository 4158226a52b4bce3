import Glibc

/// Gives sockets their Unix addresses (unix(7)), which C makes long to write.
package enum UnixSocket {
  /// Binds a socket to a path, or to an abstract address that the kernel chooses.
  ///
  /// - Returns: What bind(2) returns.
  @discardableResult
  package static func bind(_ descriptor: CInt, to path: String?) -> CInt {
    withAddress(path) { Glibc.bind(descriptor, $0, $1) }
  }

  /// Connects a socket to the one at a path.
  ///
  /// - Returns: What connect(2) returns.
  package static func connect(_ descriptor: CInt, to path: String) -> CInt {
    withAddress(path) { Glibc.connect(descriptor, $0, $1) }
  }

  private static func withAddress(_ path: String?, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    if let path { withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) } }
    let length = path == nil ? MemoryLayout<sa_family_t>.size : MemoryLayout<sockaddr_un>.size
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
    }
  }
}
