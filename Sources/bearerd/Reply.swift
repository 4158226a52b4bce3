import ArgumentParser
import BearerJSON

/// A daemon's reply, to be printed on standard output.
struct Reply {
  let members: JSONObject

  init(_ members: JSONObject) {
    self.members = members
  }

  /// Prints the reply, indented on a terminal and on one line elsewhere, and ends the command with its status.
  func printAndExit(_ status: ExitStatus? = nil) throws(ExitCode) {
    let value = JSONValue.object(members)
    if Output.standard.isTerminal {
      try Output.print(Style.harmless(json: value.prettyPrinted()))
    } else {
      try Output.print(String(decoding: value.serialized(), as: UTF8.self))
    }
    throw (status ?? ExitStatus(reply: members)).exitCode
  }
}
