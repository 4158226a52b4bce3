import BearerProtocol
import Testing

@testable import BearerConfiguration

/// `[peer.NAME]` tables.
@Suite("Tables of peers") struct PeerTableTests {
  @Test("tables are read in their order, names are resolved, and what is left out is permitted")
  func tables() throws {
    let peers = try configuration(
      soundText + """
        [peer.admin]
        user = "root"
        [peer.web]
        gid = 33
        ops = ["verify", "refresh-jwks"]
        policies = ["default"]
        rate = 5
        """
    ).peers
    var web = PeerConfiguration(name: "web", identity: .group(33))
    web.operations = [.verify, .refreshJWKS]
    web.policies = ["default"]
    web.rate = 5
    #expect(peers == [PeerConfiguration(name: "admin", identity: .user(0)), web])
    #expect(try configuration(soundText).peers == [])
  }

  @Test(
    "each fault has its place and words",
    arguments: [
      (
        "[peer.a]\nrate = 1",
        "line 5: peer.a.uid: is missing; expected uid, gid or user: whom the table is for"
      ),
      (
        "[peer.a]\nuid = 1\nuser = \"root\"",
        "line 7: peer.a.user: stands beside uid; expected one of uid, gid and user"
      ),
      (
        "[peer.a]\nuser = \"no such user\"",
        #"line 6: peer.a.user: not acceptable; found "no such user", expected the name of a user of this host"#
      ),
      (
        "[peer.a]\nuid = 4294967295",
        "line 6: peer.a.uid: out of bounds; found the integer 4294967295, expected an integer from 0 to 4294967294"
      ),
      (
        "[peer.a]\nuid = 1\nops = [\"verfy\"]",
        #"line 7: peer.a.ops: there is no such op; did you mean "verify"?; found "verfy", expected some of verify, introspect, refresh-jwks, status, ping, hello"#
      ),
      (
        "[peer.a]\nuid = 1\npolicies = [\"web\"]",
        #"line 7: peer.a.policies: there is no such policy; found "web", expected some of default"#
      ),
      (
        "[peer.a]\nuid = 1\nops = []",
        "line 7: peer.a.ops: empty list; found an empty list, expected a list of ops, or no such key"
      ),
      (
        "[peer.a]\nuid = 1\nrate = 0",
        "line 7: peer.a.rate: out of bounds; found the integer 0, expected an integer from 1 to 1000000"
      ),
      (
        "[peer.a]\nuid = 0\n[peer.b]\nuser = \"root\"",
        "line 7: peer.b: is for the same user (0) as peer.a; expected one table for each user and each group"
      ),
      (
        "[peer]\nuid = 0",
        "line 6: peer.uid: this key belongs into a table with a name; found the integer 0, expected a table [peer.NAME]"
      ),
      ("[peer]", "line 5: peer: wrong type; found an empty table, expected at least one table [peer.NAME]"),
      (
        "[peer.a]\nuid = 1\nop = [\"verify\"]",
        #"line 7: peer.a.op: unknown key; did you mean "ops"?"#
      ),
    ])
  func fault(table: String, words: String) {
    #expect(faults(soundText + table) == words)
  }
}
