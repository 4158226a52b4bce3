import BearerTOML
import Dispatch
import Synchronization
import Testing

@testable import BearerConfiguration
@testable import BearerDaemon

/// Configurations on disks that hang.
@Suite(.timeLimit(.minutes(10))) struct ConfigurationReadingTests {
  private static let sound = Configuration(issuers: [], policies: [])

  @Test("what is read is handed on, faults too")
  func reading() async {
    let fault = ConfigurationFaults([ConfigurationFault(place: "a", message: "b")])
    #expect(await ConfigurationReading { Self.sound }.read() == .success(Self.sound))
    let faulty = ConfigurationReading { () throws(ConfigurationFaults) in throw fault }
    #expect(await faulty.read() == .failure(fault))
  }

  @Test("a reading that hangs is given up and told; the next one is another, and the late one goes to nobody")
  func hanging() async {
    let gate = DispatchSemaphore(value: 0)
    let count = Mutex(0)
    let reading = ConfigurationReading(patience: .milliseconds(10)) {
      let number = count.withLock { count in
        count += 1
        return count
      }
      if number == 1 { gate.wait() }
      return Self.sound
    }
    guard case .failure(let faults) = await reading.read() else {
      Issue.record("it was waited for")
      return
    }
    #expect(faults.description.hasPrefix("it was not read within 0.01 seconds"))
    // The next may be late on a busy machine, too.
    while await reading.read() != .success(Self.sound) {}
    gate.signal()
  }

  @Test("while too many hang, none is begun; once they end, all is as before")
  func tooMany() async {
    let gate = DispatchSemaphore(value: 0)
    let begun = Mutex(0)
    let reading = ConfigurationReading(patience: .milliseconds(1)) {
      begun.withLock { $0 += 1 }
      gate.wait()
      gate.signal()
      return Self.sound
    }
    var last = ""
    while !last.contains("still hang") {
      guard case .failure(let faults) = await reading.read() else { continue }
      last = faults.description
    }
    #expect(begun.withLock(\.self) <= ConfigurationReading.mostHanging)
    gate.signal()
    while await reading.read() != .success(Self.sound) {}
  }

  @Test("whoever is cancelled has no answer, and does not wait for one")
  func cancelled() async {
    let gate = DispatchSemaphore(value: 0)
    let reading = ConfigurationReading(patience: .seconds(3600)) {
      gate.wait()
      return Self.sound
    }
    let task = Task { await reading.read() }
    task.cancel()
    #expect(await task.value == nil)
    gate.signal()
  }
}
