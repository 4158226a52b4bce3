import BearerServer
import Testing

@Suite("What the control group allows")
struct ControlGroupTests {
  @Test(
    "what a control group's quota pays for is rounded up; without a bound it says nothing",
    arguments: [
      ("50000 100000\n", 1), ("100000 100000\n", 1), ("150000 100000\n", 2), ("400000 100000\n", 4),
      ("max 100000\n", nil), ("", nil), ("0 100000", nil), ("-1 100000", nil), ("100000 0", nil),
      ("9223372036854775807 1", nil),
    ] as [(String, Int?)])
  func quota(text: String, expected: Int?) {
    #expect(ProcessorCount.quota(version2: text) == expected)
  }

  @Test("there is at least one")
  func usable() {
    #expect(ProcessorCount.usable >= 1)
    #expect(ProcessorCount.quota(version1: "-1\n", period: "100000\n") == nil)
    #expect(ProcessorCount.quota(version1: "25000\n", period: "100000\n") == 1)
  }

  @Test(
    "a control group's memory is what it says, and unbounded if that is no number or beyond all memory",
    arguments: [
      ("67108864\n", 67_108_864), ("max\n", nil), ("", nil), ("0", nil), ("-1", nil), ("9223372036854771712\n", nil),
    ] as [(String, Int?)])
  func memory(text: String, expected: Int?) {
    #expect(ControlGroup.memory(of: text) == expected)
  }
}
