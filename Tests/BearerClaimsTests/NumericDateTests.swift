import BearerJSON
import Testing

@testable import BearerClaims

@Suite("NumericDate")
struct NumericDateTests {
  @Test(
    "every spelling of a number within the years 1970 to 9999 is a date, exactly",
    arguments: [
      ("0", 0), ("-0", 0), ("-0.0e5", 0), ("1", 1_000_000), ("1700000000", 1_700_000_000_000_000), ("1.5", 1_500_000),
      ("0.000001", 1), ("0.0000019", 1), ("0.0000001", 0), ("17e8", 1_700_000_000_000_000),
      ("1.7E+9", 1_700_000_000_000_000), ("17000000000e-1", 1_700_000_000_000_000),
      ("253402300799", 253_402_300_799_000_000), ("253402300799.0000000", 253_402_300_799_000_000),
      ("2534023007990000000000e-10", 253_402_300_799_000_000),
      ("0.00000000000000000000000000017e37", 1_700_000_000_000_000), ("1e-999999999999", 0), ("0e999999999999", 0),
      ("253402300799.000001", nil), ("253402300800", nil), ("1700000000000", nil), ("1e300", nil), ("1e12", nil),
      ("1e999999999999", nil), ("-1", nil), ("-0.000001", nil), ("-1e300", nil), ("9223372036854775807", nil),
      ("99999999999999999999999999999999", nil), ("\"1700000000\"", nil), ("true", nil), ("null", nil), ("[1]", nil),
    ] as [(String, Int64?)])
  func reading(text: String, microseconds: Int64?) throws {
    let bytes = Array(text.utf8)
    var tape = JSONTape()
    try tape.read(bytes.span)
    let date = NumericDate(tape, 0, bytes.span)
    #expect(date?.microseconds == microseconds)
  }

  @Test("adding never overflows")
  func adding() {
    #expect(NumericDate(seconds: 1).adding(.milliseconds(1)).microseconds == 1_001_000)
    #expect(NumericDate(seconds: 1).adding(.seconds(Int64.max)).microseconds == .max)
    #expect(NumericDate(microseconds: .max).adding(.seconds(1)).microseconds == .max)
    #expect(NumericDate(seconds: 253_402_300_799).adding(.seconds(253_402_300_799)).seconds == 506_804_601_598)
  }

  @Test("whole seconds are rounded towards the past")
  func seconds() {
    #expect(NumericDate(microseconds: 1_999_999).seconds == 1)
    #expect(NumericDate(microseconds: 0).seconds == 0)
    #expect(NumericDate(microseconds: -1).seconds == -1)
  }
}
