import Glibc

/// How many descriptors the process may have open (RLIMIT_NOFILE, getrlimit(2)), against what its connections need.
package enum DescriptorLimit {
  /// How many are kept for everything but clients' connections: event loops, fetches, files, the watchdog's `ping`.
  package static let reserve = 128

  /// How many connections can be accepted.
  ///
  /// - Parameters:
  ///   - wanted: `limits.connections`.
  ///   - limit: How many descriptors may be open.
  /// - Returns: At most `wanted`, at least one.
  package static func connections(wanted: Int, limit: Int) -> Int { max(1, min(wanted, limit - reserve)) }

  /// How many descriptors this process could have open: the hard limit.
  package static var highest: Int { limits.map { Int(clamping: $0.rlim_max) } ?? .max }

  /// Raises the soft limit as far as the connections need and the hard limit allows.
  ///
  /// - Parameter connections: `limits.connections`.
  /// - Returns: How many descriptors may be open now.
  static func raise(for connections: Int) -> Int {
    guard var limits else { return .max }
    let wanted = rlim_t(clamping: min(connections, .max - reserve) + reserve)
    if limits.rlim_cur < wanted, limits.rlim_cur < limits.rlim_max {
      let before = limits.rlim_cur
      limits.rlim_cur = min(wanted, limits.rlim_max)
      if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) != 0 { limits.rlim_cur = before }
    }
    return Int(clamping: limits.rlim_cur)
  }

  private static var limits: rlimit? {
    var limits = rlimit()
    return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 ? limits : nil
  }
}
