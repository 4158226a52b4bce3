/// What a `FaultyProvider` does with a request.
package enum ProviderAnswer: Sendable {
  /// The provider's own document: discovery or key set, 200, or 304 for a matching `ETag` or `Last-Modified`.
  case document
  /// The provider's own document, but only once `release()` is called.
  case held
  /// The provider's own document, this much later.
  case late(milliseconds: Int64)
  /// A status with extra header fields and a short text.
  case status(Int, headers: [(String, String)] = [])
  /// 200 and this body.
  case body(String, headers: [(String, String)] = [("Content-Type", "application/json")])
  /// 200 and these bytes.
  case bytes([UInt8], headers: [(String, String)] = [])
  /// A whole response, as it goes over the wire, after which the connection ends.
  case raw(String)
  /// A `Content-Length` beyond the bytes that are sent before the connection ends.
  case truncated
  /// A chunked body whose last chunk never comes before the connection ends.
  case truncatedChunked
  /// The whole document in one chunk of a body that never ends.
  case unfinished
  /// A `Content-Length` that ends inside the document.
  case shortened
  /// A body of this many bytes, announced by `Content-Length` or not (chunked).
  case oversized(bytes: Int, isAnnounced: Bool)
  /// A `Content-Length` of this many bytes, and not one of them.
  case announced(bytes: Int)
  /// A head, then one byte of white space every few milliseconds, for ever.
  case drip
  /// Accepts the request and never answers.
  case silence
  /// Ends the connection by a TCP reset.
  case reset
  /// Ends the connection in order, without a byte.
  case closed
  /// 200 and the document compressed, whatever the request accepted.
  case gzip
  /// These bytes, whatever they are, and the connection stays open.
  case surplus(String)
  /// Bytes of another protocol.
  case notHTTP

  /// 200 with a web page, as a proxy's or a maintenance page would be.
  package static let html = ProviderAnswer.body(
    "<!DOCTYPE html><html><body>Please log in</body></html>", headers: [("Content-Type", "text/html")])
  /// A key set without keys.
  package static let emptySet = ProviderAnswer.body(#"{"keys":[]}"#)
  /// A key set with keys for other purposes only.
  package static let noUsableKey = ProviderAnswer.body(
    #"{"keys":[{"kty":"oct","kid":"hmac","k":"AAAA"},{"kty":"AKP","kid":"pq","alg":"ML-DSA-44","pub":"AAAA"}]}"#)
  /// JSON in which one member stands twice.
  package static let duplicateMembers = ProviderAnswer.body(#"{"keys":[],"keys":[]}"#)

  /// A redirect.
  package static func redirect(_ status: Int = 302, to location: String) -> ProviderAnswer {
    .status(status, headers: [("Location", location)])
  }
}
