import Glibc
import Synchronization

/// Keeps every processor awake while something is measured, as it is on a machine that is used.
///
/// A virtual processor that fell asleep takes some 40 µs to wake, several times what is measured, and whether it did fall
/// asleep depends on a few microseconds more or less of the server's. One process for each processor, of the scheduling
/// class that gives way to every other at once (`SCHED_IDLE`, sched(7)), is enough. They are processes, because the
/// server's CPU is told by what this one uses.
final class AwakeProcessors {
  /// The argument by which the program is such a process.
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

  /// Is such a process, until its parent has ended.
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
