import Foundation

/// One thing that strangers' bytes reach, with what must hold for it.
protocol FuzzTarget {
  /// Makes what stays the same from input to input.
  init() throws

  /// What to begin with.
  static func seeds() throws -> [[UInt8]]

  /// Feeds one input; ends the process if something does not hold.
  mutating func feed(_ input: [UInt8])
}

/// All targets by their names.
enum FuzzTargets {
  static let all: [(name: String, type: any (FuzzTarget & SendableMetatype).Type)] = [
    ("json", JSONFuzz.self), ("framing", FramingFuzz.self), ("request", RequestFuzz.self),
    ("authorization", AuthorizationFuzz.self), ("token", TokenFuzz.self), ("keys", KeySetFuzz.self),
    ("provider", ProviderFuzz.self), ("backend", BackEndFuzz.self), ("snapshot", SnapshotFuzz.self),
    ("configuration", ConfigurationFuzz.self),
  ]

  /// The target that the environment's `BEARERD_FUZZ` names; its seeds are written where `BEARERD_FUZZ_SEEDS` says.
  static func chosen() throws -> any FuzzTarget {
    let environment = ProcessInfo.processInfo.environment
    let name = environment["BEARERD_FUZZ"] ?? ""
    guard let target = all.first(where: { $0.name == name }) else {
      fatalError("BEARERD_FUZZ must be one of \(all.map(\.name).joined(separator: " "))")
    }
    if let directory = environment["BEARERD_FUZZ_SEEDS"] { try Seeds.write(target.type.seeds(), into: directory) }
    return try target.type.init()
  }
}

/// Ends the process, which is a finding, unless something holds.
func require(_ holds: Bool, _ otherwise: @autoclosure () -> String) {
  if !holds { fatalError(otherwise()) }
}

// Safe because libFuzzer calls from one thread only.
nonisolated(unsafe) private var target: any FuzzTarget = {
  do { return try FuzzTargets.chosen() } catch { fatalError("\(error)") }
}()

/// What libFuzzer's `main` calls first, before it reads the seeds.
@_cdecl("LLVMFuzzerInitialize")
public func fuzzInitialize(
  _ count: UnsafeMutablePointer<CInt>?,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
  target.feed([])
  return 0
}

/// What libFuzzer's `main` calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target.feed(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
