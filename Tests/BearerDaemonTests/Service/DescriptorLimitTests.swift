import Glibc
import Testing

@testable import BearerDaemon

@Suite struct DescriptorLimitTests {
  @Test(
    "connections leave descriptors for everything else",
    arguments: [(1024, 4096, 1024), (10_000, 4096, 3968), (1024, 1024, 896), (5, 100, 1), (1024, Int.max, 1024)])
  func connections(wanted: Int, limit: Int, granted: Int) {
    #expect(DescriptorLimit.connections(wanted: wanted, limit: limit) == granted)
  }

  @Test("the soft limit is raised as far as it is needed, and no further than the hard one lets it")
  func raise() async {
    await #expect(processExitsWith: .success) {
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
      var limits = rlimit(rlim_cur: 200, rlim_max: 1000)
      guard setrlimit(resource, &limits) == 0 else { exit(1) }
      #expect(DescriptorLimit.highest == 1000)
      #expect(DescriptorLimit.raise(for: 50) == 200)
      #expect(DescriptorLimit.raise(for: 500) == 628)
      #expect(DescriptorLimit.raise(for: 5000) == 1000)
      getrlimit(resource, &limits)
      #expect(limits.rlim_cur == 1000 && limits.rlim_max == 1000)
    }
  }
}
