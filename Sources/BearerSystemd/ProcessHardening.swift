internal import CLibsystemd
internal import Glibc

/// Keeps the process's memory, which holds tokens, out of core dumps, debuggers and backtraces.
package enum ProcessHardening {
  /// Rules out core dumps, and debuggers of the same user; to be called first.
  ///
  /// The limit alone is not enough: the kernel ignores it for a core that is piped to a program (core(5)), such as
  /// systemd-coredump. A process that is not dumpable (PR_SET_DUMPABLE, prctl(2)) writes no core at all, and only root
  /// can read its memory through /proc or ptrace.
  ///
  /// - Returns: Whether both took effect.
  @discardableResult
  package static func forbidCoreDumps() -> Bool {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    // Safe because setrlimit only reads the structure.
    let isLimited = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0
    return bearerd_set_undumpable() == 0 && isLimited
  }

  /// Rules out that a crash prints registers and memory, which may hold tokens, on standard error.
  ///
  /// Where `swift-backtrace` is installed, the runtime catches the signals of a crash since before `main`
  /// (`SWIFT_BACKTRACE`); from here on they end the process at once.
  package static func forbidBacktraces() {
    for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
  }

  /// Whether the process may be dumped (PR_GET_DUMPABLE).
  package static var isDumpable: Bool { bearerd_is_dumpable() != 0 }
}
