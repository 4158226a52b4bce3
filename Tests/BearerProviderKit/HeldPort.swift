import Glibc

/// A port of 127.0.0.1 that is taken and on which nobody listens: who connects is refused.
///
/// The port of a server that was stopped may be another test's a moment later.
package struct HeldPort {
  /// The port.
  package let port: Int
  private let descriptor: CInt

  /// Takes a port until `release()`; `nil` if the system has none.
  package init?() {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { [descriptor] pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, size) == 0 ? getsockname(descriptor, pointer, &size) : -1
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    if status != 0 {
      if descriptor >= 0 { close(descriptor) }
      return nil
    }
  }

  /// Gives the port back.
  package func release() { close(descriptor) }
}
