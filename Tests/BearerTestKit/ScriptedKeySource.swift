package import BearerJOSE
package import BearerKeys
import Synchronization

/// A key source whose every fetch is answered by the test, when and as it likes.
package final class ScriptedKeySource: KeySource {
  /// One fetch that waits for its answer.
  package final class Call: Sendable {
    /// Which fetch it is, from 1.
    package let number: Int
    /// The set that was in use when it began.
    package let previous: KeySet?
    /// The validators that it would send.
    package let validators: FetchValidators?
    private let continuation: Mutex<CheckedContinuation<Result<FetchOutcome, FetchFault>, Never>?>

    init(
      _ number: Int, _ previous: KeySet?, _ validators: FetchValidators?,
      _ continuation: CheckedContinuation<Result<FetchOutcome, FetchFault>, Never>
    ) {
      self.number = number
      self.previous = previous
      self.validators = validators
      self.continuation = Mutex(continuation)
    }

    /// Ends the fetch; only the first answer counts.
    package func answer(_ result: Result<FetchOutcome, FetchFault>) {
      let waiting = continuation.withLock { continuation in
        defer { continuation = nil }
        return continuation
      }
      waiting?.resume(returning: result)
    }
  }

  private let calls: AsyncStream<Call>
  private let arrival: AsyncStream<Call>.Continuation
  private let counter = Mutex(0)
  private let told = Mutex<[String]>([])

  /// A source that has not been asked yet.
  package init() {
    (calls, arrival) = AsyncStream.makeStream()
  }

  /// How many fetches have begun.
  package var fetches: Int { counter.withLock(\.self) }

  /// What it was told before each fetch: `discovery` to find out anew where the keys are, `caches` to go past them.
  package var reminders: [String] { told.withLock(\.self) }

  /// Notes it.
  package func forgetDiscovery() { told.withLock { $0.append("discovery") } }

  /// Notes it.
  package func bypassCaches() { told.withLock { $0.append("caches") } }

  /// The next fetch, as soon as it has begun.
  package func nextCall() async -> Call? {
    for await call in calls { return call }
    return nil
  }

  /// Begins a fetch that the test answers; a cancelled one ends as if it had timed out.
  package func fetch(
    previous: KeySet?, validators: FetchValidators?
  ) async -> Result<FetchOutcome, FetchFault> {
    let call = Mutex<Call?>(nil)
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let number = counter.withLock { count in
          count += 1
          return count
        }
        let new = Call(number, previous, validators, continuation)
        call.withLock { $0 = new }
        if Task.isCancelled {
          new.answer(.failure(FetchFault(.timedOut, found: "cancelled")))
        } else {
          arrival.yield(new)
        }
      }
    } onCancel: {
      call.withLock(\.self)?.answer(.failure(FetchFault(.timedOut, found: "cancelled")))
    }
  }
}
