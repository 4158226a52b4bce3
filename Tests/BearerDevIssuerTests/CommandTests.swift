import BearerDevIssuer
import BearerJSON
import BearerTestKit
import Foundation
import Testing

/// The program as a user meets it.
@Suite final class CommandTests {
  let keys = NSTemporaryDirectory() + "bearerd-keys-" + RandomIdentifier.makeHexadecimal(byteCount: 8)

  deinit {
    try? FileManager.default.removeItem(atPath: keys)
  }

  @Test("mint without a server makes a key and an access token of the address that serve takes by default")
  func mintByDefault() async throws {
    let token = try await mint()
    #expect(token.header["alg"] == "RS256")
    #expect(token.header["typ"] == "at+jwt")
    #expect(token.payload["iss"] == "http://127.0.0.1:9393")
    #expect(token.payload["aud"] == ["http://127.0.0.1:9393"])
    #expect(try KeyDirectory(path: keys).keys().map { JSONValue.string($0.kid) } == [token.header["kid"]])
  }

  @Test("every option of mint is in the token")
  func mintOptions() async throws {
    let token = try await mint(
      "--type", "id", "--issuer", "https://issuer.test", "--audience", "a", "--audience", "b", "--subject", "ann",
      "--nonce", "n", "--lifetime", "2h", "--auth-time", "10m", "--now", "1000000", "--alg", "ES256",
      "--claim", #"roles=["admin"]"#, "--claim", "iat=1.5e3", "--claim", "acr=null", "--without", "amr",
      "--header", "crit=[]", "--without-header", "kid")
    #expect(token.header == ["alg": "ES256", "typ": "JWT", "crit": []])
    #expect(token.payload["iss"] == "https://issuer.test")
    #expect(token.payload["aud"] == ["a", "b"])
    #expect(token.payload["sub"] == "ann")
    #expect(token.payload["nonce"] == "n")
    #expect(token.payload["exp"] == 1_007_200)
    #expect(token.payload["auth_time"] == 999_400)
    #expect(token.payload["roles"] == ["admin"])
    #expect(token.payload["iat"] == (try JSONValue(parsing: Array("1.5e3".utf8))))
    #expect(token.payload["acr"] == JSONValue.null)
    #expect(token.payload["amr"] == nil)
  }

  @Test("a forged token has the known kid, and no new key is published")
  func forge() async throws {
    let good = try await mint("--now", "1")
    let forged = try await mint("--now", "1", "--forge")
    #expect(forged.header == good.header)
    #expect(forged.signature != good.signature)
    #expect(try KeyDirectory(path: keys).keys().count == 1)
  }

  @Test("rotate tells what came and what went, and the key set agrees")
  func rotate() async throws {
    #expect(try await run("rotate", "--alg", "ES256", "--kid", "first").output == "+ first\n")
    #expect(try await run("rotate", "--alg", "ES256", "--kid", "second").output == "+ second\n")
    #expect(
      try await run("rotate", "--alg", "ES256", "--kid", "third", "--keep", "0").output
        == "+ third\n- first\n- second\n"
    )
    let set = try JSONValue(parsing: Array(try await run("jwks").output.utf8.dropLast()))
    #expect(set["keys"]?.arrayValue?.map { $0["kid"] } == ["third"])
    #expect(try await mint("--kid", "third").header["kid"] == "third")
  }

  @Test(
    "wrong use ends with status 64 and says what is wrong",
    arguments: [
      (["mint", "--claim", "admin"], "\"admin\" is not name=json"),
      (["mint", "--claim", "name=ann"], "a string needs quotes"),
      (["mint", "--lifetime", "soon"], "\"soon\" is not a duration"),
      (["mint", "--lifetime", "9223372036854775807d"], "is not a duration"),
      (["mint", "--alg", "HS256"], "HS256"),
      (["mint", "--alg", "RS256", "--kid", "k"], "exclude each other"),
      (["mint", "--nonce", "n"], "an access token has no nonce"),
      (["rotate", "--keep", "-1"], "--keep"),
      (["rotate", "--kid", "k"], "exactly one --alg"),
      (["serve", "--path", "realms/dev/"], "begins with a slash"),
      (["serve", "--cache-control", "a\r\nb"], "printable ASCII"),
      (["serve", "--port", "70000"], "70000"),
    ])
  func wrongUse(arguments: [String], expected: String) async throws {
    let result = try await run(arguments)
    #expect(result.status == 64)
    #expect(result.output.isEmpty)
    #expect(result.error.contains(expected))
  }

  @Test("what cannot be done ends with status 1 and one sentence")
  func failures() async throws {
    _ = try await mint("--alg", "ES256")
    #expect(
      try await run("mint", "--kid", "none")
        == .init(
          status: 1, output: "", error: "Error: no key has the kid \"none\"; `bearerd-dev-issuer jwks` lists them\n"))
    #expect(
      try await run("serve", "--host", "0.0.0.0")
        == .init(
          status: 1, output: "",
          error: """
            Error: 0.0.0.0 is not a loopback address; a development issuer listens on 127.0.0.0/8, ::1 or localhost only

            """))
  }

  @Test("serve prints its URL when it listens, mint then uses it, and SIGTERM is a clean end")
  func serve() async throws {
    let server = BuiltProgram.process("bearerd-dev-issuer", ["serve", "--port", "0", "--keys", keys])
    let output = Pipe()
    server.standardOutput = output
    let ended = AsyncStream<Int32> { continuation in
      server.terminationHandler = { process in
        continuation.yield(process.terminationReason == .exit ? process.terminationStatus : -1)
        continuation.finish()
      }
    }
    try server.run()
    let url = await firstLine(of: output)
    #expect(url.hasPrefix("http://127.0.0.1:"))
    #expect(try await mint().payload["iss"] == .string(url))
    server.terminate()
    #expect(await ended.first { _ in true } == 0)
  }

  @Test("every help fits 80 columns", arguments: [[], ["serve"], ["mint"], ["revoke"], ["rotate"], ["jwks"]])
  func help(subcommand: [String]) async throws {
    let result = try await run(subcommand + ["--help"])
    #expect(result.status == 0)
    #expect(result.output.split(separator: "\n").filter { $0.count > 80 } == [])
    #expect(result.output.hasPrefix("OVERVIEW: "))
  }

  // MARK: Running

  private struct Token {
    let header: JSONValue
    let payload: JSONValue
    let signature: String
  }

  private func run(_ arguments: String...) async throws -> BuiltProgram.Run { try await run(arguments) }

  private func run(_ arguments: [String]) async throws -> BuiltProgram.Run {
    try await BuiltProgram.run(
      "bearerd-dev-issuer", arguments, environment: ["BEARERD_DEV_ISSUER_KEYS": keys])
  }

  private func mint(_ arguments: String...) async throws -> Token {
    let result = try await run(["mint"] + arguments)
    #expect(result.error.isEmpty)
    try #require(result.status == 0)
    #expect(result.output.hasSuffix("\n"))
    let parts = result.output.dropLast().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    try #require(parts.count == 3)
    return Token(header: try json(parts[0]), payload: try json(parts[1]), signature: parts[2])
  }

  private func json(_ segment: String) throws -> JSONValue {
    let padded = segment + String(repeating: "=", count: -segment.utf8.count & 3)
    let base64 = padded.replacing("-", with: "+").replacing("_", with: "/")
    return try JSONValue(parsing: Array(try #require(Data(base64Encoded: base64))))
  }

  /// Reads on a thread of its own, since the read blocks.
  private func firstLine(of pipe: Pipe) async -> String {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        var line = ""
        while !line.hasSuffix("\n") {
          let data = pipe.fileHandleForReading.availableData
          if data.isEmpty { break }
          line += String(decoding: data, as: UTF8.self)
        }
        continuation.resume(returning: String(line.prefix { $0 != "\n" }))
      }
    }
  }
}
