import Foundation
import Testing

@testable import BearerJSON

/// The files of nst/JSONTestSuite in the folder that `BEARERD_VECTORS` names; without it these tests are skipped, for
/// the data are not part of this repository.
private let folder = ProcessInfo.processInfo.environment["BEARERD_VECTORS"].map { "\($0)/jsontestsuite" }

private func files(_ prefix: String) -> [String] {
  guard let folder else { return [] }
  return (try? FileManager.default.contentsOfDirectory(atPath: folder))?.filter { $0.hasPrefix(prefix) }.sorted() ?? []
}

private func isAccepted(_ file: String) throws -> Bool {
  let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(try #require(folder))/\(file)")))
  var tape = JSONTape()
  do throws(JSONError) {
    try tape.read(bytes.span)
    // What is accepted must also survive a copy without its white space.
    var copy: [UInt8] = []
    tape.appendSource(0, bytes.span, to: &copy)
    let original = JSONValue(tape, 0, bytes.span)
    try tape.read(copy.span)
    #expect(JSONValue(tape, 0, copy.span) == original)
    return true
  } catch {
    return false
  }
}

@Suite("JSONTestSuite", .enabled(if: folder != nil, "set BEARERD_VECTORS to run the foreign JSON files"))
struct JSONTestSuiteTests {
  @Test("the suite is there whole")
  func count() {
    #expect(files("y_").count == 95)
    #expect(files("n_").count == 188)
    #expect(Set(files("i_")) == Set(Self.decisions.keys))
  }

  /// RFC 8259 lets any object repeat a name; this reader never does (RFC 7493 section 2.3).
  private static let refusedValid: Set<String> = [
    "y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
  ]

  @Test("valid texts are accepted, but for the two with duplicate members", arguments: files("y_"))
  func valid(file: String) throws {
    #expect(try isAccepted(file) == !Self.refusedValid.contains(file))
  }

  @Test("invalid texts are refused", arguments: files("n_"))
  func invalid(file: String) throws {
    #expect(try !isAccepted(file))
  }

  /// What RFC 8259 leaves open, decided once.
  ///
  /// Numbers: any that the grammar has, because only their source text is
  /// kept and nothing is converted until somebody asks for an integer in range. Strings: only well-formed UTF-8
  /// without lone surrogates (RFC 7493 section 2.1). Nesting: at most 32. Byte order mark: never (RFC 8259 section
  /// 8.1 lets a parser ignore it; a second spelling of the same text serves nobody here).
  private static let decisions: [String: Bool] = [
    "i_number_double_huge_neg_exp.json": true,
    "i_number_huge_exp.json": true,
    "i_number_neg_int_huge_exp.json": true,
    "i_number_pos_double_huge_exp.json": true,
    "i_number_real_neg_overflow.json": true,
    "i_number_real_pos_overflow.json": true,
    "i_number_real_underflow.json": true,
    "i_number_too_big_neg_int.json": true,
    "i_number_too_big_pos_int.json": true,
    "i_number_very_big_negative_int.json": true,
    "i_object_key_lone_2nd_surrogate.json": false,
    "i_string_1st_surrogate_but_2nd_missing.json": false,
    "i_string_1st_valid_surrogate_2nd_invalid.json": false,
    "i_string_UTF-16LE_with_BOM.json": false,
    "i_string_UTF-8_invalid_sequence.json": false,
    "i_string_UTF8_surrogate_U+D800.json": false,
    "i_string_incomplete_surrogate_and_escape_valid.json": false,
    "i_string_incomplete_surrogate_pair.json": false,
    "i_string_incomplete_surrogates_escape_valid.json": false,
    "i_string_invalid_lonely_surrogate.json": false,
    "i_string_invalid_surrogate.json": false,
    "i_string_invalid_utf-8.json": false,
    "i_string_inverted_surrogates_U+1D11E.json": false,
    "i_string_iso_latin_1.json": false,
    "i_string_lone_second_surrogate.json": false,
    "i_string_lone_utf8_continuation_byte.json": false,
    "i_string_not_in_unicode_range.json": false,
    "i_string_overlong_sequence_2_bytes.json": false,
    "i_string_overlong_sequence_6_bytes.json": false,
    "i_string_overlong_sequence_6_bytes_null.json": false,
    "i_string_truncated-utf-8.json": false,
    "i_string_utf16BE_no_BOM.json": false,
    "i_string_utf16LE_no_BOM.json": false,
    "i_structure_500_nested_arrays.json": false,
    "i_structure_UTF-8_BOM_empty_object.json": false,
  ]

  @Test("what RFC 8259 leaves open is decided, file by file", arguments: decisions.keys.sorted())
  func open(file: String) throws {
    #expect(try isAccepted(file) == Self.decisions[file])
  }
}
