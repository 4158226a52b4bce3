import BearerSigning
import BearerTestKit
import Testing

@testable import BearerJOSE

/// What becomes of a key set when libcrypto has no memory to compile it.
@Suite("Key sets without memory") struct StarvedKeySetTests {
  @Test("wherever memory ends, a set is whole or refused: for want of it no key, and no algorithm of one, is left out")
  func everyAllocation() async {
    await #expect(processExitsWith: .success) {
      try #require(StarvedLibcrypto.install())
      let kinds: [SigningKey.Parameters] = [.rsa(bits: 2048), .ec(.p256), .ec(.p384), .ec(.p521), .ed25519, .ed448]
      for kind in kinds {
        let off = #"{"kty":"EC","kid":"off","crv":"P-256","x":"AQ","y":"AQ"}"#
        let key = try TestKey(kid: "good", kind: kind)
        let body = Array(#"{"keys":[\#(off),\#(key.jwk)]}"#.utf8)
        let algorithms = Set(Algorithm.allCases)
        let whole = try KeySet(parsing: body, algorithms: algorithms)
        #expect(whole.entries.map(\.problem) == [.notOnCurve, nil])
        let message = Array("e30.e30".utf8)
        let signed = try whole.usableAlgorithms.flatMap(\.algorithms).map { algorithm in
          (algorithm, try key.signing.sign(message, algorithm: algorithm.rawValue))
        }
        var refused = 0
        for allocations in 0...100_000 {
          StarvedLibcrypto.allow(allocations)
          let result = Result { () throws(KeySetFault) in try KeySet(parsing: body, algorithms: algorithms) }
          let isStarved = StarvedLibcrypto.hasRefused
          StarvedLibcrypto.allow(.max)
          switch result {
          case .success(let set):
            #expect(set.entries == whole.entries, "\(kind), \(allocations) allocations")
            #expect(set.usableAlgorithms == whole.usableAlgorithms, "\(kind), \(allocations) allocations")
            for (algorithm, signature) in signed {
              let fitting = AlgorithmSet(algorithm)
              guard case .one(let found, _) = set.choose(kid: Array("good".utf8), algorithms: fitting) else {
                Issue.record("\(kind), \(allocations) allocations: no key")
                continue
              }
              let outcome = found.check(signature: signature.span, over: message.span, algorithms: fitting)
              #expect("\(outcome)" == "good", "\(algorithm), \(allocations) allocations")
            }
          case .failure(let fault):
            #expect(fault == .undecided, "\(kind), \(allocations) allocations")
            refused += 1
          }
          if !isStarved { break }
        }
        #expect(refused > 0, "\(kind)")
      }
    }
  }
}
