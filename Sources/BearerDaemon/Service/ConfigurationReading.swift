import BearerConfiguration
import BearerFetch
import BearerTOML
import ServiceLifecycle
import Synchronization

/// Reads the configuration on threads that may hang: a file on a disk that does not answer, or a database of users that
/// does not (nsswitch.conf(5)), holds up one reload and nothing else.
final class ConfigurationReading: Sendable {
  /// How many threads may hang at once; while so many do, nothing is read.
  static let mostHanging = 4

  private let load: ConfigurationSources.Load
  private let patience: Duration
  private let underWay = Mutex(0)

  /// A reader.
  ///
  /// - Parameters:
  ///   - patience: How long one reading is waited for.
  ///   - load: Reads the configuration, however long that takes.
  init(patience: Duration = .seconds(5), load: @escaping ConfigurationSources.Load) {
    self.patience = patience
    self.load = load
  }

  /// Reads it once.
  ///
  /// - Returns: The configuration, or why there is none; one that comes too late is not used. `nil` if the task was
  ///   cancelled before.
  func read() async -> Result<Configuration, ConfigurationFaults>? {
    let isAllowed = underWay.withLock { count in
      guard count < Self.mostHanging else { return false }
      count += 1
      return true
    }
    guard isAllowed else {
      return .failure(Self.fault("it was not read, because \(Self.mostHanging) attempts before still hang"))
    }
    return await withTaskGroup(of: Result<Configuration, ConfigurationFaults>?.self) { group in
      group.addTask { [self] in
        await FileThread.run { [self] in
          defer { underWay.withLock { $0 -= 1 } }
          return Result(catching: load)
        }
      }
      group.addTask { [patience] in
        // Sleep throws only when the task is cancelled: then there is no answer.
        guard (try? await Task.sleep(for: patience)) != nil else { return nil }
        return .failure(Self.fault("it was not read within \(patience)"))
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }

  private static func fault(_ words: String) -> ConfigurationFaults {
    ConfigurationFaults([
      ConfigurationFault(
        place: "", expected: "a disk, and a database of users, that answer; then reload again", message: words)
    ])
  }
}
