import BearerTOML
import Testing

@Suite struct DurationTextTests {
  @Test(
    "durations are an integer and a unit",
    arguments: [
      ("0s", Duration.zero), ("1ms", .milliseconds(1)), ("90s", .seconds(90)), ("10m", .seconds(600)),
      ("24h", .seconds(86_400)), ("3653d", .seconds(3653 * 86_400)),
    ])
  func durations(_ text: String, _ duration: Duration) {
    #expect(DurationText.parse(text) == duration)
    #expect(DurationText.parse(DurationText.format(duration)) == duration)
  }

  @Test(
    "anything else is no duration",
    arguments: ["", "s", "ms", "1", "+1s", "1S", "1 s", " 1s", "1s ", "1m30s", "١s", "3654d"])
  func notDurations(_ text: String) {
    #expect(DurationText.parse(text) == nil)
  }
}
