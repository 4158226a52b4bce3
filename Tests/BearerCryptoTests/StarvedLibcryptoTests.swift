import BearerSigning
import BearerTestKit
import Synchronization
import Testing

@testable import BearerCrypto

/// What is said of signatures when libcrypto has no memory.
@Suite("libcrypto without memory") struct StarvedLibcryptoTests {
  @Test("wherever its memory ends, no good signature is called bad and no bad one good")
  func everyAllocation() async {
    await #expect(processExitsWith: .success) {
      try #require(StarvedLibcrypto.install())
      let message = Array("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0".utf8)
      for algorithm in AlgorithmCase.all {
        let key = try SigningKey.generate(algorithm.kind)
        let verifier = try #require(try key.publicKey().verifier(for: algorithm.scheme))
        let good = try key.sign(message, algorithm: algorithm.name)
        var bad = good
        bad[3] ^= 1
        for (signature, expected) in [(good, SignatureOutcome.good), (bad, .bad)] {
          // With a context that another call has left, and with none.
          for hasContext in [true, false] {
            var undecided = 0
            for allocations in 0...10_000 {
              if !hasContext { verifier.idle.withLock { $0 = [] } }
              StarvedLibcrypto.allow(allocations)
              let outcome = verifier.check(signature: signature.span, over: message.span)
              let isStarved = StarvedLibcrypto.hasRefused
              StarvedLibcrypto.allow(.max)
              #expect(ErrorQueue.isEmpty)
              if !isStarved {
                #expect(outcome == expected, "\(algorithm.name)")
                break
              }
              #expect(outcome == expected || outcome == .undecided, "\(algorithm.name), \(allocations) allocations")
              if outcome == .undecided { undecided += 1 }
            }
            #expect(undecided > 0, "\(algorithm.name)")
            #expect(verifier.check(signature: signature.span, over: message.span) == expected)
          }
        }
      }
    }
  }

  @Test("SHA-256 needs no memory, and a digest for which there was none is looked up again")
  func digests() async {
    await #expect(processExitsWith: .success) {
      try #require(StarvedLibcrypto.install())
      let message = Array("abc".utf8)
      let digest = SHA256.digest(of: message)
      #expect(DigestAlgorithm.sha256.implementation != nil)
      StarvedLibcrypto.allow(0)
      let starved = SHA256.digest(of: message)
      let missing = DigestAlgorithm.sha384.implementation
      let kept = DigestAlgorithm.sha256.implementation
      StarvedLibcrypto.allow(.max)
      #expect(starved == digest)
      #expect(missing == nil)
      #expect(kept == DigestAlgorithm.sha256.implementation)
      #expect(DigestAlgorithm.sha384.implementation != nil)
    }
  }

  /// With another type than `StaticString` this does not compile: of a `String`, nothing promises the NUL.
  @Test("the name of a curve ends with the NUL up to which libcrypto reads it", arguments: EllipticCurve.allCases)
  func curveNames(_ curve: EllipticCurve) {
    let name = curve.groupName
    #expect(name.hasPointerRepresentation)
    #expect(name.utf8Start[name.utf8CodeUnitCount] == 0)
  }
}
