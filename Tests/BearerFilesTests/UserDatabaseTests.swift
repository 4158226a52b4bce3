import BearerFiles
import Testing

@Suite struct UserDatabaseTests {
  @Test("a user is found by name, and not by digits")
  func users() {
    #expect(UserDatabase.uid(of: "root") == 0)
    #expect(UserDatabase.uid(of: "0") == nil)
    #expect(UserDatabase.uid(of: "no-such-user") == nil)
  }

  @Test("a group is found by name or by digits")
  func groups() {
    #expect(UserDatabase.gid(of: "root") == 0)
    #expect(UserDatabase.gid(of: "4711") == 4711)
    #expect(UserDatabase.gid(of: "no-such-group") == nil)
  }
}
