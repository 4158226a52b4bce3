import Testing

@testable import BearerKeys

@Suite struct RefreshSettingsTests {
  @Test(
    "headers shorten a lifetime, never below a minute or the operator's own, and never lengthen it",
    arguments: [
      (600, nil, 600), (600, 0, 60), (600, 59, 60), (600, 61, 61), (600, 601, 600), (20, nil, 20), (20, 0, 20),
      (0, nil, 1), (0, 0, 1),
    ] as [(Int, Int?, Int)])
  func lifetimes(refresh: Int, header: Int?, expected: Int) {
    let settings = RefreshSettings(refresh: .seconds(refresh))
    #expect(settings.lifetime(header: header.map { .seconds($0) }) == .seconds(expected))
  }

  @Test("a file's keys have no lifetime whatever is said")
  func filesLiveForEver() {
    #expect(RefreshSettings(renewal: .fileChanges).lifetime(header: .seconds(60)) == nil)
  }
}
