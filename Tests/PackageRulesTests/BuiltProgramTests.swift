import Foundation
import Testing

/// What the built `bearerd` is linked to and what it can call.
@Suite struct BuiltProgramTests {
  private let program: ELFFile

  init() throws {
    let directory = try #require(Bundle.main.executableURL).deletingLastPathComponent()
    program = try #require(ELFFile(directory.appending(path: "bearerd")))
  }

  /// Everything that the program is linked to, in a build that links Swift's own libraries dynamically.
  static let needed: Set<String> = [
    "libcrypto.so.3", "libsystemd.so.0", "libz.so.1",
    "libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
    "libswiftCore.so", "libswiftGlibc.so", "libswiftSynchronization.so", "libswiftSwiftOnoneSupport.so",
    "libswift_Concurrency.so", "libswift_StringProcessing.so", "libswift_RegexParser.so", "libswift_Builtin_float.so",
    "libdispatch.so", "libswiftDispatch.so", "libBlocksRuntime.so",
    "libFoundationEssentials.so",
  ]

  @Test(
    "the program is linked to nothing that is not in the list",
    .disabled(if: ProcessInfo.processInfo.environment["ASAN_OPTIONS"] != nil, "a sanitizer brings its own"))
  func linked() {
    #expect(program.neededLibraries.contains("libcrypto.so.3"))
    #expect(program.neededLibraries.contains("libsystemd.so.0"))
    #expect(Set(program.neededLibraries).subtracting(Self.needed) == [])
  }

  @Test("the program uses nothing of full Foundation")
  func fullFoundation() {
    // Swift's mangled names begin with the module's name and its length.
    #expect(program.undefinedSymbols.filter { $0.hasPrefix("$s10Foundation") || $0.hasPrefix("_$s10Foundation") } == [])
  }

  @Test("the program cannot sign: it calls libcrypto to verify and to digest, and no function that signs or makes keys")
  func noSigning() {
    let symbols = program.undefinedSymbols
    #expect(symbols.contains("EVP_DigestVerify"))
    #expect(symbols.filter { symbol in Self.signing.contains { symbol.hasPrefix($0) } } == [])
  }

  @Test("only the development issuer's target has signing code")
  func sources() throws {
    for target in try Repository.names(in: "Sources") where target != "BearerSigning" {
      for file in try Repository.swiftFiles(below: "Sources/\(target)") {
        let code = try Source.code(of: file)
        #expect(Self.signing.filter { code.range(of: $0) != nil } == [], "\(file)")
      }
    }
  }

  /// How the names begin of libcrypto's functions that sign, make keys, or read and write private ones.
  static let signing = [
    "EVP_PKEY_sign", "EVP_DigestSign", "EVP_Sign", "EVP_PKEY_keygen", "EVP_PKEY_generate", "EVP_PKEY_Q_keygen",
    "EVP_PKEY_new_raw_private_key", "EVP_MAC_", "HMAC_", "PEM_read_bio_PrivateKey", "PEM_write_bio_PrivateKey",
    "PEM_write_bio_PKCS8", "d2i_PrivateKey", "d2i_AutoPrivateKey", "i2d_PrivateKey", "RSA_sign", "RSA_private",
    "ECDSA_sign", "ECDSA_do_sign",
  ]
}
