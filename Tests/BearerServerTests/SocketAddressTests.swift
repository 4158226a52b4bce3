import BearerSocketKit
import Glibc
import Testing

@testable import BearerServer

@Suite struct SocketAddressTests {
  @Test("a socket tells the path that it is bound to, and none if it has none")
  func ofDescriptor() throws {
    let bound = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    let unbound = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    let abstract = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    defer { for descriptor in [bound, unbound, abstract] { close(descriptor) } }
    // The longest there is: no room for a NUL.
    let directory = "/tmp/bearerd-\(getpid())-"
    let path = directory + String(repeating: "x", count: 108 - directory.utf8.count)
    #expect(UnixSocket.bind(bound, to: path) == 0)
    defer { unlink(path) }
    #expect(UnixSocket.bind(abstract, to: nil) == 0)
    #expect(SocketAddress(of: bound)?.path == path)
    #expect(SocketAddress(of: unbound) == nil)
    #expect(SocketAddress(of: abstract) != nil)
    #expect(SocketAddress(of: abstract)?.path == nil)
    #expect(SocketAddress(of: -1) == nil)
  }
}
