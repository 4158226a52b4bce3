import Dispatch
import Glibc
import NIOPosix
import Testing

@testable import BearerFetch

@Suite(.timeLimit(.minutes(10))) struct FetchNetworkTests {
  @Test("what is compiled, however much of it, keeps no task from its end: neither waits nor signals nor reloads")
  func computing() async {
    let network = FetchNetwork(group: MultiThreadedEventLoopGroup.singleton, environment: [:])
    let gate = DispatchSemaphore(value: 0)
    // More than the threads that tasks share.
    let count = 2 * Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))
    let numbers = (0..<count).map { number in
      Task {
        await network.compute {
          gate.wait()
          return number
        }
      }
    }
    await Task.detached {}.value
    for _ in 0..<count { gate.signal() }
    for (number, task) in numbers.enumerated() { #expect(await task.value == number) }
  }
}
