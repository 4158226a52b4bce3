import ArgumentParser
import BearerJSON
import BearerProtocol

/// How the program ends, with the number of sysexits(3) where one fits.
enum ExitStatus: Int32, CaseIterable {
  /// The answer is yes; for a token: it is good.
  case holds = 0
  /// The token is refused (categories `token` and `policy`), or the reply has an unknown category.
  case refused = 1
  /// Wrong use: of the command line, or of the protocol (category `request`).
  case usage = 64
  /// No daemon answers.
  case noDaemon = 69
  /// The daemon ended by an error that should not occur.
  case internalError = 70
  /// The socket cannot be bound.
  case cannotBind = 71
  /// A file exists already or cannot be written (sysexits(3) `EX_CANTCREAT`).
  case cannotCreate = 73
  /// It cannot be decided now (category `unavailable`), an issuer did not pass its probe, keys are missing, or the
  /// outcome cannot be written.
  case undecided = 75
  /// The daemon or the socket's permissions do not let this user ask (category `forbidden`).
  case forbidden = 77
  /// The configuration is wrong.
  case configuration = 78

  /// The exit status for a reply; only an `ok` that is the JSON value `true` is success.
  init(reply: JSONObject) {
    guard reply["ok"] != .bool(true) else {
      self = .holds
      return
    }
    if reply["error"]?["code"]?.stringValue == RequestCode.configurationRefused.rawValue {
      self = .configuration
      return
    }
    switch reply["error"]?["category"]?.stringValue {
    case "request": self = .usage
    case "unavailable": self = .undecided
    case "forbidden": self = .forbidden
    default: self = .refused
    }
  }

  /// The status in the argument parser's type.
  var exitCode: ExitCode { ExitCode(rawValue) }
}
