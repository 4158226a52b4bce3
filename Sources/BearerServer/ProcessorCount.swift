internal import CLinuxSockets
internal import Glibc

/// How many processors there are to use.
package enum ProcessorCount {
  /// Those that the process may run on (sched_getaffinity(2)), and no more than its control group's quota pays for; at
  /// least one.
  ///
  /// More threads than the quota pays for would use it up early in each period and then all stand still together.
  package static var usable: Int {
    let processors = max(1, Int(bearerd_processors_allowed()))
    return min(processors, quota ?? processors)
  }

  /// The quota of the process's own group, or of the outermost that a container sees.
  private static var quota: Int? {
    let own = text(of: "/proc/self/cgroup")?.split(separator: "\n").first { $0.hasPrefix("0::/") }?.dropFirst(3)
    for directory in [own.map(String.init), ""].compactMap(\.self) {
      if let quota = quota(version2: text(of: "/sys/fs/cgroup\(directory)/cpu.max") ?? "") { return quota }
    }
    return quota(
      version1: text(of: "/sys/fs/cgroup/cpu/cpu.cfs_quota_us") ?? "",
      period: text(of: "/sys/fs/cgroup/cpu/cpu.cfs_period_us") ?? "")
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

  private static func text(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // These files are made up by the kernel and never larger than this, nor can reading them block.
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }
}
