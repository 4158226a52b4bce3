import BearerJSON
import BearerKeys
import NIOHTTP1

/// Says why a body is not acceptable JSON.
enum JSONFault {
  /// The failure `not_json`.
  ///
  /// - Parameters:
  ///   - error: What the strict reader met.
  ///   - body: The body.
  ///   - origin: Where it came from.
  ///   - answer: The response that holds it; `nil` if it is a file of this host.
  ///   - what: What the body should have been, with its article.
  /// - Returns: The failure.
  static func failure(
    _ error: JSONError, body: [UInt8], origin: String, answer: HTTPAnswer?, what: String
  ) -> FetchFault {
    let mend = answer == nil ? "mend the file" : "have the provider mend it"
    switch error.kind {
    case .duplicateMember:
      return FetchFault(
        .notJSON,
        found: "\(origin) is JSON in which one object has two members of the same name (byte \(error.offset))",
        advice: "\(mend); which of the two counts is anyone's guess, so neither does")
    case .tooDeep:
      return FetchFault(
        .notJSON,
        found: "\(origin) is nested deeper than \(JSONTape.maximumDepth) levels (byte \(error.offset))",
        advice: answer == nil
          ? "write \(what) into it; none needs so many"
          : "check that the address is that of \(what); none needs so many")
    default:
      let form = BodyForm(body, coding: answer?.headers.first(name: "content-encoding"))
      let place = form == .other ? " (byte \(error.offset))" : ""
      return FetchFault(
        .notJSON,
        found:
          "\(origin) \(answer == nil ? "" : "answered 200, but the body ")\(form.words(isFile: answer == nil))\(place)",
        advice: form.advice(what: what, isFile: answer == nil))
    }
  }
}
