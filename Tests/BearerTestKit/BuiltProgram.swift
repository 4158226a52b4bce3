package import Foundation

/// One of the package's programs, run as a user runs it.
///
/// A test target that uses it lists the program among its dependencies, so that it is built.
package enum BuiltProgram {
  /// What a run left behind.
  package struct Run: Equatable, Sendable {
    /// The exit status, or the signal's number if one ended it.
    package var status: Int32
    /// Standard output.
    package var output: String
    /// Standard error.
    package var error: String

    /// A run with this outcome.
    package init(status: Int32, output: String, error: String) {
      self.status = status
      self.output = output
      self.error = error
    }
  }

  /// What every program gets beside the variables that a test gives it: a sanitizer's options as well, where the tests
  /// have them (deploy/sanitize).
  package static let environment = ProcessInfo.processInfo.environment.filter { $0.key == "ASAN_OPTIONS" }
    .merging(["PATH": "/usr/bin:/bin", "COLUMNS": "80"]) { $1 }

  /// Whether programs run under a sanitizer.
  package static let isSanitized = environment["ASAN_OPTIONS"] != nil

  /// A process of the program, not yet started, with an environment of its own.
  ///
  /// - Parameters:
  ///   - name: The program's name.
  ///   - arguments: Its arguments.
  ///   - environment: All variables that it gets beside `PATH` and `COLUMNS`.
  ///   - wrapper: A command that is given the program and its arguments, such as `unshare`; empty for none.
  /// - Returns: The process.
  package static func process(
    _ name: String, _ arguments: [String], environment: [String: String] = [:], through wrapper: [String] = []
  ) -> Process {
    let process = Process()
    let program = Bundle.main.executableURL?.deletingLastPathComponent().appending(path: name)
    process.executableURL = wrapper.isEmpty ? program : URL(filePath: "/usr/bin/env")
    process.arguments = wrapper.isEmpty ? arguments : wrapper + [program?.path() ?? name] + arguments
    process.environment = environment.merging(Self.environment) { given, _ in given }
    process.standardInput = FileHandle.nullDevice
    return process
  }

  /// Runs the program to its end.
  ///
  /// - Parameters:
  ///   - name: The program's name.
  ///   - arguments: Its arguments.
  ///   - environment: All variables that it gets beside `PATH` and `COLUMNS`.
  ///   - wrapper: A command that is given the program and its arguments; empty for none.
  /// - Returns: Exit status and output; for output up to the size of a pipe, 64 KiB.
  /// - Throws: What keeps the program from starting.
  package static func run(
    _ name: String, _ arguments: [String], environment: [String: String] = [:], through wrapper: [String] = []
  ) async throws -> Run {
    let process = process(name, arguments, environment: environment, through: wrapper)
    let (output, error) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = error
    return try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { process in
        continuation.resume(
          returning: Run(status: process.terminationStatus, output: output.allText, error: error.allText))
      }
      do {
        try process.run()
      } catch {
        process.terminationHandler = nil
        continuation.resume(throwing: error)
      }
    }
  }
}

extension Pipe {
  /// What is in the pipe, up to the end that its writer makes.
  fileprivate var allText: String {
    String(decoding: fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }
}
