import BearerCrypto
import BearerKeys

/// Any bytes as a file of kept keys; after a zero byte, with the digest that belongs to them.
struct SnapshotFuzz: FuzzTarget {
  private static let configuration = "c"
  private static let issuer = "https://issuer.example"

  static func seeds() throws -> [[UInt8]] {
    let members = """
      "format":"bearerd key snapshot 1","issuer":"\(issuer)","source":"discovery","configuration":"\(configuration)",\
      "validated_at":1799999000,"lifetime_s":600,"body":"{\\"keys\\":[]}"
      """
    return [[0] + Array(members.utf8)]
  }

  init() {}

  mutating func feed(_ input: [UInt8]) {
    var bytes = input
    if input.first == 0 {
      let members = Array(input.dropFirst())
      let digest = SHA256.digest(of: Array("{".utf8) + members + Array("}".utf8))
      let digits = Array("0123456789abcdef".utf8)
      let text = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
      bytes = Array("{".utf8) + members + Array(#","sha256":""#.utf8) + text + Array("\"}".utf8)
    }
    let now: Int64 = 1_800_000_000
    let record = try? KeySnapshotRecord(
      decoding: bytes, issuer: Self.issuer, configuration: Self.configuration, wallNow: now)
    guard let record else { return }
    require(record.age(wallNow: now) <= KeySnapshotRecord.defaultMaximumAge, "too old")
    require(record.issuer == Self.issuer && record.configuration == Self.configuration, "for another configuration")
    let again = try? KeySnapshotRecord(
      decoding: record.encoded(), issuer: Self.issuer, configuration: Self.configuration, wallNow: now)
    require(again == record, "another record after writing")
  }
}
