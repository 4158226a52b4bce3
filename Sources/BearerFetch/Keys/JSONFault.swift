import BearerAddress
import BearerJSON
import BearerKeys

/// Says of a body why it is not the JSON that is accepted.
enum JSONFault {
  /// The failure `not_json`.
  ///
  /// - Parameters:
  ///   - error: What the strict reader met.
  ///   - answer: The response that holds the body.
  ///   - what: What the body should have been, with its article.
  /// - Returns: The failure.
  static func failure(_ error: JSONError, answer: HTTPAnswer, what: String) -> FetchFault {
    let found: String
    let advice: String
    switch error.kind {
    case .duplicateMember:
      found =
        "\(answer.address.shown) is JSON in which one object has two members of the same name (byte \(error.offset))"
      advice = "have the provider mend it; which of the two counts is anyone's guess, so neither does"
    case .tooDeep:
      found = "\(answer.address.shown) is nested deeper than \(JSONTape.maximumDepth) levels (byte \(error.offset))"
      advice = "check that the address is that of \(what); none needs so many"
    default:
      found = "\(answer.address.shown) answered 200, but the body \(answer.describedBody) (byte \(error.offset))"
      advice = "check that the address is that of \(what), and that no login page or proxy answers in its place"
    }
    return FetchFault(.notJSON, found: found, advice: advice)
  }
}
