import Testing

@testable import BearerFetch

struct CertificateNameTests {
  @Test(
    "a certificate is for a host that its alternative names hold, and for no other",
    arguments: [
      ("a.test", ["a.test"], true), ("a.test", ["A.Test"], true), ("a.test", ["b.test", "a.test"], true),
      ("a.test.", ["a.test"], true), ("b.a.test", ["*.a.test"], true), ("c.b.a.test", ["*.a.test"], false),
      ("a.test", ["*.a.test"], false), (".a.test", ["*.a.test"], false), ("a.test", ["*"], false),
      ("ba.test", ["b*.test"], false), ("a.test", ["a.test.evil.test"], false), ("a.test", [""], false),
      ("a.test", [], false), ("a.test", ["a.test\0.evil.test"], false), ("10.0.0.1", ["10.0.0.1"], false),
    ] as [(String, [String], Bool)])
  func names(_ host: String, _ names: [String], _ expected: Bool) {
    let found = CertificateName.isFor(host: host, names: names.map { Array($0.utf8) }, addresses: [[10, 0, 0, 9]])
    #expect(found == expected)
  }

  @Test("an address is for itself only, however it is written")
  func addresses() {
    let loopback6: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    #expect(CertificateName.isFor(host: "10.0.0.1", names: [], addresses: [[10, 0, 0, 1]]))
    #expect(!CertificateName.isFor(host: "10.0.0.1", names: [], addresses: [[10, 0, 0, 2]]))
    #expect(CertificateName.isFor(host: "0:0:0:0:0:0:0:1", names: [], addresses: [loopback6]))
    #expect(!CertificateName.isFor(host: "localhost", names: [], addresses: [[127, 0, 0, 1]]))
  }
}
