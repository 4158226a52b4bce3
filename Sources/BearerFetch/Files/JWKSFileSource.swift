import BearerFiles
package import BearerJOSE
package import BearerKeys

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

  /// Reads the file once.
  ///
  /// - Parameters:
  ///   - previous: The set in use, whose compiled keys are kept where the file repeats them.
  ///   - validators: Not used.
  /// - Returns: The keys, or the fault that leaves everything as it was.
  package func fetch(previous: KeySet?, validators: FetchValidators?) async -> Result<FetchOutcome, FetchFault> {
    read(previous: previous)
  }

  func read(previous: KeySet?) -> Result<FetchOutcome, FetchFault> {
    do throws(FetchFault) {
      let body = try bytes()
      let keys = try KeySetDocument.keys(
        in: body, origin: "jwks_file \(ShownText.quoted(path))", answer: nil, algorithms: algorithms, reusing: previous,
        usesPublishedPrivateKeys: true)
      return .success(
        .keys(FetchedKeys(keys: keys, body: body, lifetime: nil, validators: FetchValidators())))
    } catch {
      return .failure(error)
    }
  }

  private func bytes() throws(FetchFault) -> [UInt8] {
    do throws(RegularFile.Fault) {
      return try RegularFile.bytes(of: path, limit: bodyBytes)
    } catch {
      guard case .tooLarge = error else {
        throw FetchFault(
          .fileUnreadable, found: "jwks_file \(ShownText.quoted(path)) cannot be read: \(error.reason)",
          advice: "make it a file that bearerd's user may read")
      }
      throw FetchFault(
        .bodyTooLarge, found: "jwks_file \(ShownText.quoted(path)) is larger than \(bodyBytes) bytes",
        advice: "check that the file is a key set")
    }
  }
}
