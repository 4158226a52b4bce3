import BearerKeys
import BearerTestKit
import BearerTime
import Testing

@Suite struct KeySnapshotRecordTests {
  static let record = KeySnapshotRecord(
    issuer: "https://id.example/realm", source: "discovery", configuration: "c0ffee", validatedAt: 1_700_000_000,
    headerLifetime: .seconds(300),
    body: Array("{\"keys\":[{\"kid\":\"\\u0000 é 😀\\n\"}]}\r\n".utf8))

  static func decode(
    _ bytes: [UInt8], issuer: String = record.issuer, configuration: String = record.configuration,
    wallNow: Int64 = 1_700_000_060
  ) throws(SnapshotFault) -> KeySnapshotRecord {
    try KeySnapshotRecord(decoding: bytes, issuer: issuer, configuration: configuration, wallNow: wallNow)
  }

  @Test("what was written is read")
  func roundTrip() throws {
    let read = try Self.decode(Self.record.encoded())
    #expect(read == Self.record)
    #expect(read.age(wallNow: 1_700_000_060) == .seconds(60))
    var bare = Self.record
    bare.headerLifetime = nil
    #expect(try Self.decode(bare.encoded()) == bare)
  }

  @Test("a file that lost its end, at whichever byte, is damaged or not ours")
  func truncated() {
    let bytes = Self.record.encoded()
    for length in 0..<(bytes.count - 1) {
      #expect(throws: SnapshotFault.damaged, "\(length)") { try Self.decode(Array(bytes.prefix(length))) }
    }
  }

  @Test("a file in which one bit changed is never read as something else")
  func altered() {
    let bytes = Self.record.encoded()
    for index in bytes.indices.dropLast() {
      for bit in 0..<8 {
        var altered = bytes
        altered[index] ^= 1 << bit
        // The one harmless change: a digit of an escape that is spelt in either case.
        if let read = try? Self.decode(altered) { #expect(read == Self.record, "byte \(index) bit \(bit)") }
      }
    }
  }

  @Test("a file of another kind, issuer, configuration or age is not used")
  func others() {
    let bytes = Self.record.encoded()
    #expect(throws: SnapshotFault.notOurs) { try Self.decode(Array("{\"keys\":[]}".utf8)) }
    #expect(throws: SnapshotFault.notOurs) { try Self.decode(Array("[]".utf8)) }
    #expect(throws: SnapshotFault.damaged) { try Self.decode([0xFF]) }
    #expect(throws: SnapshotFault.otherIssuer) { try Self.decode(bytes, issuer: "https://id.example/realm/") }
    #expect(throws: SnapshotFault.otherConfiguration) { try Self.decode(bytes, configuration: "") }
    #expect(throws: SnapshotFault.tooOld) { try Self.decode(bytes, wallNow: 1_700_000_001 + 7 * 86400) }
    #expect(throws: Never.self) { try Self.decode(bytes, wallNow: 1_700_000_000 + 7 * 86400) }
    #expect(throws: Never.self) { try Self.decode(bytes, wallNow: 1_700_000_000 - 300) }
    #expect(throws: SnapshotFault.fromTheFuture) { try Self.decode(bytes, wallNow: 1_700_000_000 - 301) }
    #expect(throws: SnapshotFault.tooOld) { try Self.decode(bytes, wallNow: .max) }
    #expect(throws: SnapshotFault.fromTheFuture) { try Self.decode(bytes, wallNow: .min) }
  }

  @Test("a whole file of another version of the format is not read as one of this")
  func otherFormat() throws {
    func file(_ version: Int, _ digest: String) -> [UInt8] {
      Array(
        """
        {"format":"bearerd key snapshot \(version)","issuer":"https://id.example/realm","source":"discovery",\
        "configuration":"c0ffee","validated_at":1700000000,"body":"{}","sha256":"\(digest)"}
        """.utf8)
    }
    let ours = file(1, "92d831d7664af946ecd0aa1bf87be41bd984f90bd834888a18f3cfb5969412f9")
    let later = file(2, "3a953d01eccc2b367207a3fd92c16acef4397511af4c58666b269452ca27e9fb")
    #expect(try Self.decode(ours).body == Array("{}".utf8))
    #expect(throws: SnapshotFault.notOurs) { try Self.decode(later) }
  }

  @Test("a file that is longer than any that was written is not read")
  func tooLong() {
    var record = Self.record
    record.body = Array(repeating: 0x20, count: KeySnapshotRecord.maximumBytes)
    #expect(throws: SnapshotFault.damaged) { try Self.decode(record.encoded()) }
  }

  @Test("a record of keys in use is dated when the provider last confirmed them, and holds their own lifetime")
  func ofSnapshot() throws {
    let fixture = IssuerKeysFixture()
    let fetched = try TestKeySets.fetched("a", lifetime: .seconds(300), etag: "one")
    fixture.keys.restore(with: fetched, age: .seconds(3600))
    let record = KeySnapshotRecord(
      try #require(fixture.keys.snapshot), issuer: "i", source: "s", configuration: "c",
      now: fixture.clock.now + .seconds(60), wallNow: 1_700_000_000)
    #expect(
      record
        == KeySnapshotRecord(
          issuer: "i", source: "s", configuration: "c", validatedAt: 1_700_000_000 - 3660,
          headerLifetime: .seconds(300), body: fetched.body))
  }

  @Test("the file's name is safe whatever the issuer is called")
  func names() {
    let names = Set(["https://a", "https://a/", "../../etc/passwd", ""].map(KeySnapshotRecord.fileName(issuer:)))
    #expect(names.count == 4)
    let safe = Set("keys-.jo0123456789abcdefn")
    for name in names { #expect(name.utf8.count == 42 && name.allSatisfy(safe.contains), "\(name)") }
  }
}
