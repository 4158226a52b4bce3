import BearerFetch
import Testing

struct CacheLifetimeTests {
  /// Header fields and what they leave, in seconds; the clock stands at 784111777 (06 Nov 1994 08:49:37).
  struct Case: CustomTestStringConvertible, Sendable {
    var cacheControl: [String] = []
    var age: String?
    var expires: String?
    var date: String?
    var seconds: Int64?
    var testDescription: String {
      "\(cacheControl) age \(age ?? "-") expires \(expires ?? "-") date \(date ?? "-")"
    }
  }

  static let now: Int64 = 784_111_777
  static let cases: [Case] = [
    Case(seconds: nil),
    Case(cacheControl: ["public"], seconds: nil),
    Case(cacheControl: ["max-age=600"], seconds: 600),
    Case(cacheControl: ["public, MAX-AGE=600 , must-revalidate"], seconds: 600),
    Case(cacheControl: [#"max-age="600""#], seconds: 600),
    Case(cacheControl: ["max-age=600"], age: "100", seconds: 500),
    // A comma and a combining mark are one character, and a comma all the same.
    Case(cacheControl: ["no-store,\u{301}x"], seconds: 0),
    Case(cacheControl: ["max-age=600"], age: "601", seconds: 0),
    Case(cacheControl: ["max-age=600"], age: "99999999999999999999999", seconds: 0),
    Case(cacheControl: ["max-age=600"], age: "-5", seconds: 600),
    Case(cacheControl: ["max-age=600"], age: "soon", seconds: 600),
    // Of a list the first counts (RFC 9111 section 5.1).
    Case(cacheControl: ["max-age=600"], age: "100, 200", seconds: 500),
    Case(cacheControl: ["max-age=0"], seconds: 0),
    Case(cacheControl: ["max-age=-1"], seconds: 0),
    Case(cacheControl: ["max-age=abc"], seconds: 0),
    Case(cacheControl: ["max-age"], seconds: 0),
    Case(cacheControl: ["max-age=99999999999999999999999"], seconds: 1 << 31),
    Case(cacheControl: ["max-age=600, max-age=60"], seconds: 60),
    Case(cacheControl: ["max-age=600", "max-age=60"], seconds: 60),
    Case(cacheControl: ["no-store"], seconds: 0),
    Case(cacheControl: ["no-store, max-age=600"], seconds: 0),
    Case(cacheControl: ["max-age=600, no-store"], seconds: 0),
    Case(cacheControl: ["no-cache"], seconds: 0),
    Case(cacheControl: [#"no-cache="set-cookie", max-age=600"#], seconds: 600),
    Case(cacheControl: [#"private="a, no-store", max-age=600"#], seconds: 600),
    Case(cacheControl: [#"private="a, no-store, b", max-age=600"#], seconds: 600),
    // An escaped quote ends no string (RFC 9110 section 5.6.4).
    Case(cacheControl: [#"private="a\", no-store, b", max-age=600"#], seconds: 600),
    Case(cacheControl: [#"max-age=600, x="\"", no-store"#], seconds: 0),
    Case(cacheControl: [#"max-age=600, x="\\", no-store"#], seconds: 0),
    Case(cacheControl: ["s-maxage=5, max-age=600"], seconds: 600),
    Case(cacheControl: ["s-maxage=5"], seconds: nil),
    Case(cacheControl: ["stale-if-error=86400, max-age=300"], seconds: 300),
    Case(
      expires: "Sun, 06 Nov 1994 08:59:37 GMT", date: "Sun, 06 Nov 1994 08:49:37 GMT", seconds: 600),
    Case(
      age: "60", expires: "Sun, 06 Nov 1994 08:59:37 GMT", date: "Sun, 06 Nov 1994 08:49:37 GMT", seconds: 540),
    Case(
      expires: "Sun, 06 Nov 1994 08:59:37 GMT", date: "Sun, 06 Nov 1994 08:54:37 GMT", seconds: 300),
    Case(expires: "Sun, 06 Nov 1994 08:59:37 GMT", seconds: 600),
    Case(expires: "Sun, 06 Nov 1994 08:39:37 GMT", seconds: 0),
    Case(expires: "0", seconds: 0),
    Case(expires: "-1", seconds: 0),
    Case(expires: "", seconds: 0),
    Case(cacheControl: ["max-age=60"], expires: "Sun, 06 Nov 1994 08:59:37 GMT", seconds: 60),
  ]

  @Test("the lifetime is what the header fields say, in doubt the shorter", arguments: cases)
  func lifetime(_ example: Case) {
    let lifetime = CacheLifetime.remaining(
      cacheControl: example.cacheControl, age: example.age, expires: example.expires, date: example.date, now: Self.now)
    #expect(lifetime == example.seconds.map { .seconds($0) })
  }

  @Test(
    "dates are read in all three forms of RFC 9110",
    arguments: [
      ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
      ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
      ("Wednesday, 06-Nov-24 08:49:37 GMT", 1_730_882_977),
      ("Sun Nov  6 08:49:37 1994", 784_111_777),
      ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
      ("Tue, 29 Feb 2000 23:59:60 GMT", 951_868_800),
      ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
      ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
      ("Sat, 01 Jan 0000 00:00:00 GMT", -62_167_219_200),
    ] as [(String, Int64)])
  func date(_ text: String, _ seconds: Int64) {
    #expect(HTTPDate.seconds(parsing: text) == seconds)
  }

  @Test(
    "what is no date is none",
    arguments: [
      "", "0", "-1", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
      "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 99999 08:49:37 GMT",
      "Sun, +6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT GMT",
    ])
  func noDate(_ text: String) {
    #expect(HTTPDate.seconds(parsing: text) == nil)
  }
}
