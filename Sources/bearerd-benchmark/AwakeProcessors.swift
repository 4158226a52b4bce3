import Glibc
import Synchronization

/// Keeps every processor awake while something is measured, as on a machine that is in use.
///
/// A sleeping virtual processor takes some 40 µs to wake, several times what is measured, and a few microseconds decide
/// whether it sleeps. So each processor has one busy process of the scheduling class that gives way to every other at
/// once (`SCHED_IDLE`, sched(7)). They are processes, not threads, because the server's CPU is computed from what this
/// process uses.
final class AwakeProcessors {
  /// The argument that makes this program such a process.
  static let argument = "stay-awake"
  /// `SCHED_IDLE` of linux/sched.h, which Swift does not see.
  private static let idleClass: CInt = 5

  private var processes: [pid_t] = []

  /// Starts the processes; they end with this object, and with the process that made it.
  init() {
    for _ in 0..<sysconf(CInt(_SC_NPROCESSORS_ONLN)) {
      var process = pid_t()
      var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("bearerd-benchmark"), strdup(Self.argument), nil]
      defer { for argument in arguments { free(argument) } }
      if posix_spawn(&process, "/proc/self/exe", nil, nil, &arguments, environ) == 0 { processes.append(process) }
    }
  }

  deinit {
    for process in processes {
      kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
  }

  /// Keeps one processor awake until the parent process has ended.
  static func stayAwake() {
    var priority = sched_param()
    guard sched_setscheduler(0, Self.idleClass, &priority) == 0 else { return }
    let parent = getppid()
    let rounds = Atomic(0)
    repeat {
      for _ in 0..<100_000 { rounds.wrappingAdd(1, ordering: .relaxed) }
    } while getppid() == parent
  }
}
