import ArgumentParser
import BearerJSON

/// A daemon's reply on its way to standard output.
struct Reply {
  let members: JSONObject

  init(_ members: JSONObject) {
    self.members = members
  }

  /// Prints the reply, indented on a terminal and on one line elsewhere, and ends the command with its status.
  func printAndExit(_ status: ExitStatus? = nil) throws(ExitCode) {
    let value = JSONValue.object(members)
    if Output.standard.isTerminal {
      Output.standard.write(line: Style.harmless(json: value.prettyPrinted()))
    } else {
      Output.standard.write(value.serialized() + [UInt8(ascii: "\n")])
    }
    throw (status ?? ExitStatus(reply: members)).exitCode
  }
}
