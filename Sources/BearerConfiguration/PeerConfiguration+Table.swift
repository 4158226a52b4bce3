import BearerFiles
import BearerProtocol
package import BearerTOML

extension PeerConfiguration: NamedTable {
  package static let keys: [ConfigurationKey<PeerConfiguration>] = [
    .init(
      "uid", \.identity,
      ids.map {
        .user(UInt32($0))
      } from: { _ in
        nil
      }, absence: "one is required"),
    .init(
      "gid", \.identity,
      ids.map {
        .group(UInt32($0))
      } from: { _ in
        nil
      }, absence: "one is required"),
    .init(
      "user", \.identity,
      .string("the name of a user of this host") {
        UserDatabase.uid(of: $0).map { .user($0) }
      } write: { _ in
        ""
      },
      absence: "one is required"),
    .init("ops", \.operations, .operations, absence: "all"),
    .init(
      "policies", \.policies,
      ValueKind.strings("a list of policies' names").map {
        Set($0)
      } from: {
        $0.sorted()
      },
      absence: "all"),
    .init("rate", \.rate, .integer(1...1_000_000)),
  ]

  private static let ids = ValueKind.integer(0...4_294_967_294)

  package func finish(_ reader: inout TableReader) {
    let given = ["uid", "gid", "user"].filter { reader.has($0) }
    if given.isEmpty { reader.miss("uid", expected: "uid, gid or user: whom the table is for") }
    if given.count > 1, let last = given.last {
      reader.refuse(
        last, expected: "one of uid, gid and user",
        "stands beside \(given.dropLast().joined(separator: ", "))")
    }
  }
}

extension ValueKind where Value == Set<Operation> {
  fileprivate static var operations: Self {
    Self { reader, key in
      guard let names = reader.strings(key, expected: "a list of ops") else { return nil }
      let known = Operation.allCases.filter { $0.row.callers != .administrators }
      for name in names { reader.refuseUnknown(name, among: known.map(\.name), at: [key], "op") }
      return Set(known.filter { operation in names.contains { $0.utf8.elementsEqual(operation.name.utf8) } })
    } write: {
      TOMLText.strings($0.map(\.name).sorted())
    }
  }
}
