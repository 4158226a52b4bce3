internal import BearerFiles
internal import CLinuxSockets

/// How many processors this process can use.
package enum ProcessorCount {
  /// The processors that the process may run on (sched_getaffinity(2)), but no more than its control group's quota pays
  /// for; at least one.
  ///
  /// More threads than the quota pays for would use it up early in each period and then all stand still together.
  package static var usable: Int {
    let processors = max(1, Int(bearerd_processors_allowed()))
    return min(processors, quota ?? processors)
  }

  private static var quota: Int? {
    ControlGroup.first { quota(version2: $0("cpu.max")) }
      ?? quota(
        version1: KernelFile.text(of: "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
        period: KernelFile.text(of: "/sys/fs/cgroup/cpu/cpu.cfs_period_us"))
  }

  /// How many processors a `cpu.max` pays for, rounded up; nil if it has no bound.
  package static func quota(version2 text: String) -> Int? {
    let words = text.split(whereSeparator: \.isWhitespace)
    return words.count == 2 ? quota(version1: String(words[0]), period: String(words[1])) : nil
  }

  /// How many processors `cpu.cfs_quota_us` and `cpu.cfs_period_us` pay for, rounded up; nil if there is no bound.
  package static func quota(version1 quota: String, period: String) -> Int? {
    guard let quota = Int(quota.filter { !$0.isWhitespace }), let period = Int(period.filter { !$0.isWhitespace }),
      quota > 0, period > 0, quota <= 1 << 40, period <= 1 << 40
    else { return nil }
    return (quota + period - 1) / period
  }
}
