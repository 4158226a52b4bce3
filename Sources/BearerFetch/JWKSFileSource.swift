package import BearerJOSE
package import BearerKeys
import Glibc

/// Keys from a file of this host (`jwks_file`): no network, no lifetime; read again when it changes.
package struct JWKSFileSource: KeySource {
  /// The file.
  package let path: String
  private let algorithms: Set<Algorithm>
  private let bodyBytes: Int

  /// A source that reads one file.
  ///
  /// - Parameters:
  ///   - path: The file; symbolic links are followed.
  ///   - algorithms: What the operator allows.
  ///   - bodyBytes: The largest file that is read, in bytes.
  package init(path: String, algorithms: Set<Algorithm>, bodyBytes: Int = FetchLimits.bodyBytes) {
    self.path = path
    self.algorithms = algorithms
    self.bodyBytes = bodyBytes
  }

  /// Reads the file once; validators have no use here.
  ///
  /// - Parameters:
  ///   - previous: The set in use, whose compiled keys are kept where the file repeats them.
  ///   - validators: Not used.
  /// - Returns: The keys, or the fault that leaves everything as it was.
  package func fetch(previous: KeySet?, validators: FetchValidators?) async -> Result<FetchOutcome, FetchFault> {
    read(previous: previous).mapError(\.fault)
  }

  func read(previous: KeySet?) -> Result<FetchOutcome, FetchFailure> {
    do throws(FetchFailure) {
      let body = try bytes()
      let keys = try KeySetDocument.keys(
        in: body, origin: "jwks_file \(ShownText.quoted(path))", answer: nil, algorithms: algorithms, reusing: previous)
      return .success(
        .keys(FetchedKeys(keys: keys, body: body, lifetime: nil, validators: FetchValidators())))
    } catch {
      return .failure(error)
    }
  }

  /// The file's bytes; a pipe or device is refused before it could block, a growing file at its bound.
  private func bytes() throws(FetchFailure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw unreadable(Errno.fileWords(for: errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw unreadable("it is not a regular file")
    }
    var body: [UInt8] = []
    while body.count <= bodyBytes {
      let wanted = min(65_536, bodyBytes + 1 - body.count)
      var count = 0
      let part = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
        repeat { count = Glibc.read(descriptor, buffer.baseAddress, wanted) } while count < 0 && errno == EINTR
        initialized = max(0, count)
      }
      guard count >= 0 else { throw unreadable(Errno.fileWords(for: errno)) }
      if count == 0 { return body }
      body += part
    }
    throw FetchFailure(
      .bodyTooLarge, found: "jwks_file \(ShownText.quoted(path)) is larger than \(bodyBytes) bytes",
      mend: "check that the file is a key set")
  }

  private func unreadable(_ reason: String) -> FetchFailure {
    FetchFailure(
      .fileUnreadable, found: "jwks_file \(ShownText.quoted(path)) cannot be read: \(reason)",
      mend: "make it a file that bearerd's user may read")
  }
}
