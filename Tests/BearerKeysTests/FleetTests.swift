import BearerKeys
import Testing

/// What ten thousand daemons with default settings do to their provider.
///
/// The printed table is the README's.
@Suite struct FleetTests {
  struct Row {
    var name: String
    var rate: (mean: Double, peak: Int, sum: Int)
    /// The mean rate if jitter spread the fetches as evenly as it can.
    var even: Double
    /// The times that the peak may exceed it.
    static let allowance = 5.0
  }

  @Test("no fetch is in step with the others': the peak is within five times the mean that jitter could have spread")
  func fleet() {
    let daemons = 10_000
    var rows: [Row] = []
    // Half of a retry's delay is chance, and a fifth of a lifetime.
    let refreshWave = Double(daemons) / (600 * 0.2)
    let retryWave = Double(daemons) / (300 * 0.5)
    let quickRetryWave = Double(daemons) / (30 * 0.5)

    var fleet = Fleet(daemons: daemons, seed: 20_26)
    fleet.start(within: 1)
    fleet.run(for: 600)
    rows.append(
      Row(name: "first refresh after all started in one second", rate: fleet.rate(from: 10, to: 600), even: refreshWave)
    )
    fleet.run(for: 6600)
    let steady = fleet.rate(from: 3600, to: 7200)
    rows.append(Row(name: "steady state, second hour", rate: steady, even: Double(daemons) / 480))
    #expect(abs(steady.mean - Double(daemons) / 480) < 1)

    do {
      var fleet = fleet
      let start = fleet.second
      fleet.rotate(tokensWithin: 10)
      fleet.run(for: 12)
      #expect(fleet.upToDate == daemons)
      let rate = fleet.rate(from: start, to: start + 10)
      rows.append(Row(name: "rotation, a first token at each daemon in 10 s", rate: rate, even: Double(daemons) / 10))
      // Each daemon fetched once for the new kid, beside what the schedule wanted anyway.
      #expect(rate.sum <= daemons + 10 * steady.peak)
      fleet.run(for: 588)
      rows.append(
        Row(name: "the refresh after it", rate: fleet.rate(from: start + 12, to: start + 600), even: refreshWave))
    }

    do {
      var fleet = fleet
      let start = fleet.second
      fleet.isProviderUp = false
      fleet.run(for: 3600)
      #expect(fleet.usable == daemons)
      rows.append(Row(name: "outage of an hour", rate: fleet.rate(from: start, to: start + 3600), even: retryWave))
      fleet.isProviderUp = true
      let end = fleet.second
      fleet.run(for: 310)
      #expect(fleet.upToDate == daemons)
      rows.append(
        Row(
          name: "recovery from it, all fresh after 310 s", rate: fleet.rate(from: end, to: end + 310), even: retryWave))
      fleet.run(for: 600)
      rows.append(
        Row(name: "the refresh after it", rate: fleet.rate(from: end + 310, to: end + 910), even: refreshWave))
    }

    do {
      var fleet = fleet
      fleet.isProviderUp = false
      fleet.forgetAll(within: 1)
      fleet.run(for: 600)
      fleet.isProviderUp = true
      let end = fleet.second
      fleet.run(for: 36)
      #expect(fleet.upToDate == daemons)
      rows.append(
        Row(
          name: "recovery of daemons that have no keys, in 36 s", rate: fleet.rate(from: end, to: end + 36),
          even: quickRetryWave))
    }

    do {
      var fleet = fleet
      let start = fleet.second
      fleet.sendDeadTokens(every: 15)
      fleet.run(for: 900)
      // Held for four cool-downs, stretched by up to a half.
      let even = Double(daemons) / (4 * 30 * 0.5)
      rows.append(
        Row(
          name: "a dead kid asked for everywhere, after 5 min", rate: fleet.rate(from: start + 300, to: start + 900),
          even: even))
      #expect(fleet.rate(from: start + 300, to: start + 900).mean < Double(daemons) / 80)
    }

    print(Self.table(rows))
    for row in rows {
      #expect(Double(row.rate.peak) <= Row.allowance * row.even, "\(row.name): \(row.rate)")
    }
  }

  static func table(_ rows: [Row]) -> String {
    var lines = [
      "| 10,000 daemons, default settings | fetches/s, mean | peak second | if spread evenly |",
      "| --- | --- | --- | --- |",
    ]
    for row in rows {
      lines.append("| \(row.name) | \(tenths(row.rate.mean)) | \(row.rate.peak) | \(tenths(row.even)) |")
    }
    return lines.joined(separator: "\n")
  }

  static func tenths(_ number: Double) -> String {
    "\((number * 10).rounded() / 10)"
  }
}
