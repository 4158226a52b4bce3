import Testing

@testable import BearerCrypto

@Suite("ECDSASignature")
struct ECDSASignatureTests {
  private func der(_ signature: [UInt8], coordinateBytes: Int) -> [UInt8]? {
    var storage = [UInt8](repeating: 0xaa, count: ECDSASignature.maximumDERBytes)
    var output = storage.mutableSpan
    guard
      let count = ECDSASignature.writeDER(of: signature.span, coordinateBytes: coordinateBytes, to: &output)
    else { return nil }
    return Array(storage.prefix(count))
  }

  @Test("integers are as short as can be, with a zero byte before a top bit")
  func integers() {
    var signature = [UInt8](repeating: 0, count: 64)
    signature[31] = 1
    signature[62] = 0x80
    #expect(der(signature, coordinateBytes: 32) == [0x30, 8, 0x02, 1, 1, 0x02, 3, 0, 0x80, 0])
  }

  @Test("the longest signature of each curve fits, with a long length where it needs one")
  func longest() {
    let p256 = der([UInt8](repeating: 0xff, count: 64), coordinateBytes: 32)
    #expect(p256?.count == 72)
    #expect(p256?.prefix(5) == [0x30, 70, 0x02, 33, 0])
    let p521 = der([UInt8](repeating: 0xff, count: 132), coordinateBytes: 66)
    #expect(p521?.count == ECDSASignature.maximumDERBytes)
    #expect(p521?.prefix(6) == [0x30, 0x81, 138, 0x02, 67, 0])
    // The longest that P-521 can really have: the top byte of an integer below its order is 0 or 1.
    var real = [UInt8](repeating: 0xff, count: 132)
    real[0] = 1
    real[66] = 1
    #expect(der(real, coordinateBytes: 66)?.prefix(5) == [0x30, 0x81, 136, 0x02, 66])
  }

  @Test("a length of exactly 127 has one byte, 128 has two")
  func lengthBoundary() {
    var signature = [UInt8](repeating: 0, count: 132)
    // r takes 62 bytes, s 61: 4 + 123 = 127.
    for index in 4..<66 { signature[index] = 1 }
    for index in 71..<132 { signature[index] = 1 }
    #expect(der(signature, coordinateBytes: 66)?.prefix(3) == [0x30, 127, 0x02])
    signature[70] = 1
    #expect(der(signature, coordinateBytes: 66)?.prefix(4) == [0x30, 0x81, 128, 0x02])
  }

  @Test("a zero, a wrong length and a short buffer are refused")
  func refused() {
    let good = [UInt8](repeating: 1, count: 64)
    #expect(der(good, coordinateBytes: 32) != nil)
    #expect(der([UInt8](repeating: 0, count: 32) + good.prefix(32), coordinateBytes: 32) == nil)
    #expect(der(good.prefix(32) + [UInt8](repeating: 0, count: 32), coordinateBytes: 32) == nil)
    #expect(der(Array(good.dropLast()), coordinateBytes: 32) == nil)
    #expect(der(good + [1], coordinateBytes: 32) == nil)
    var short = [UInt8](repeating: 0, count: ECDSASignature.maximumDERBytes - 1)
    var output = short.mutableSpan
    #expect(ECDSASignature.writeDER(of: good.span, coordinateBytes: 32, to: &output) == nil)
  }
}
