import Foundation
import Testing

/// Conversations with the built daemon: over its real socket, with providers over real HTTP.
@Suite(.serialized) struct TranscriptTests {
  /// A file in `Transcripts`, by its name.
  struct Transcript: CustomTestStringConvertible, Sendable {
    let name: String

    static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Transcripts")
    static let all = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path())) ?? [])
      .filter { $0.hasSuffix(".txt") }.sorted().map(Transcript.init(name:))

    var url: URL { Self.directory.appending(path: name) }
    var testDescription: String { String(name.dropLast(4)) }
  }

  @Test("the daemon says what the transcript says", arguments: Transcript.all)
  func conversation(_ transcript: Transcript) async throws {
    let text = try String(contentsOf: transcript.url, encoding: .utf8)
    let fault: TranscriptFault? = try await BlockingThread.run {
      do {
        try Stage().play(try TranscriptReader.read(text))
        return nil
      } catch {
        return error as? TranscriptFault ?? TranscriptFault(line: 0, message: "\(error)")
      }
    }
    guard let fault else { return }
    Issue.record(
      "\(fault.message)",
      sourceLocation: SourceLocation(
        fileID: "EndToEndTests/\(transcript.name)", filePath: transcript.url.path(), line: max(fault.line, 1), column: 1
      )
    )
  }

  @Test("there are transcripts")
  func some() {
    #expect(Transcript.all.count >= 30)
  }
}
