// swift-tools-version: 6.2

import PackageDescription

enum TargetKind {
  case library, program, tests
  /// A library that only tests use.
  case kit
  /// It has libFuzzer's `main`, so it can only be linked as `deploy/fuzz` does it.
  case fuzzer
}

/// A row for each target: its name, and what its files import besides the toolchain's own modules.
///
/// Rows stand below what they import. `swift test --filter ImportRulesTests` compares them with the files, both ways.
let table: [(kind: TargetKind, name: String, imports: String)] = [
  // The pure core: bytes, keys, policy and a given time. No I/O, no clock.
  (.library, "BearerAddress", ""),
  (.library, "BearerFraming", ""),
  (.library, "BearerFiles", ""),
  (.library, "BearerTime", ""),
  (.library, "BearerThreads", "BearerTime"),
  (.library, "BearerTOML", "BearerThreads"),
  (.library, "BearerJSON", ""),
  (.library, "BearerClaims", "BearerJSON"),
  (.library, "BearerCrypto", "CLibcrypto"),
  (.library, "BearerJOSE", "BearerClaims BearerCrypto BearerJSON"),
  (.library, "BearerKeys", "BearerCrypto BearerJOSE BearerJSON BearerTime"),
  (.library, "BearerIntrospection", "BearerClaims BearerCrypto BearerJSON BearerKeys BearerTime"),
  (.library, "BearerProtocol", "BearerClaims BearerJSON"),
  (.library, "BearerLogging", "BearerJSON BearerThreads Logging"),
  (
    .library, "BearerConfiguration",
    "BearerAddress BearerClaims BearerCrypto BearerFiles BearerFraming BearerIntrospection BearerJOSE "
      + "BearerKeys BearerLogging BearerProtocol BearerTOML BearerThreads Logging"
  ),

  // The outside world: network, sockets, the service manager.
  (
    .library, "BearerFetch",
    "BearerAddress BearerFiles BearerIntrospection BearerJOSE BearerJSON BearerKeys BearerThreads "
      + "AsyncHTTPClient NIOCore NIOHTTP1 NIOPosix NIOSSL"
  ),
  (.library, "BearerServer", "BearerFiles BearerFraming BearerThreads CLinuxSockets Logging ServiceLifecycle"),
  (.library, "BearerSystemd", "CLibsystemd Logging ServiceLifecycle"),
  (.library, "BearerClient", "BearerFraming BearerJSON NIOCore NIOPosix"),
  (
    .library, "BearerDaemon",
    "BearerAddress BearerClaims BearerConfiguration BearerCrypto BearerFetch BearerFiles BearerFraming "
      + "BearerIntrospection BearerJOSE BearerJSON BearerKeys BearerLogging BearerProtocol BearerServer "
      + "BearerSystemd BearerTOML BearerThreads BearerTime Logging NIOCore NIOPosix ServiceLifecycle UnixSignals"
  ),

  (
    .program, "bearerd",
    "BearerAddress BearerClaims BearerClient BearerConfiguration BearerDaemon BearerFetch BearerFiles "
      + "BearerFraming BearerJOSE BearerJSON BearerLogging BearerProtocol BearerSystemd BearerTOML "
      + "ArgumentParser Logging"
  ),

  // Development only. BearerSigning is the one place with signing code; the daemon does not link it.
  (.library, "BearerSigning", "CLibcrypto"),
  (.library, "BearerDevIssuer", "BearerClaims BearerCrypto BearerJOSE BearerJSON BearerSigning"),
  (.library, "BearerDevIssuerServer", "BearerDevIssuer BearerJSON NIOCore NIOHTTP1 NIOPosix"),
  (
    .program, "bearerd-dev-issuer",
    "BearerClaims BearerClient BearerConfiguration BearerDaemon BearerDevIssuer BearerDevIssuerServer BearerFiles "
      + "BearerIntrospection BearerJSON BearerLogging BearerTOML ArgumentParser Logging UnixSignals"
  ),
  (
    .program, "bearerd-benchmark",
    "BearerClaims BearerConfiguration BearerCrypto BearerDaemon BearerDevIssuer BearerIntrospection BearerJOSE BearerJSON "
      + "BearerKeys BearerServer BearerThreads BearerTime CLinuxSockets Logging ServiceLifecycle"
  ),

  // Tests.
  (.kit, "BearerSocketKit", ""),
  (.kit, "BearerTestKit", "BearerDevIssuer BearerJOSE BearerJSON BearerKeys BearerSigning BearerTime"),
  (
    .kit, "BearerProviderKit",
    "BearerDevIssuer BearerDevIssuerServer BearerTestKit NIOCore NIOHTTP1 NIOPosix NIOSSL NIOTLS"
  ),
  (.tests, "BearerAddressTests", "BearerAddress"),
  (.tests, "BearerFilesTests", "BearerFiles"),
  (.tests, "BearerTOMLTests", "BearerTOML"),
  (.tests, "BearerTimeTests", "BearerTime"),
  (.tests, "BearerJSONTests", "BearerJSON"),
  (.tests, "BearerCryptoTests", "BearerCrypto BearerSigning BearerTestKit"),
  (.tests, "BearerClaimsTests", "BearerClaims BearerJSON"),
  (
    .tests, "BearerJOSETests",
    "BearerClaims BearerConfiguration BearerJOSE BearerJSON BearerProtocol BearerSigning BearerTOML BearerTestKit"
  ),
  (.tests, "BearerKeysTests", "BearerJOSE BearerKeys BearerTestKit BearerTime"),
  (.tests, "BearerIntrospectionTests", "BearerClaims BearerIntrospection BearerKeys BearerTime"),

  (
    .tests, "BearerConfigurationTests",
    "BearerAddress BearerClaims BearerConfiguration BearerFraming BearerIntrospection BearerJOSE "
      + "BearerKeys BearerLogging BearerProtocol BearerTOML Logging"
  ),

  (.tests, "BearerProtocolTests", "BearerClaims BearerJSON BearerProtocol"),
  (
    .tests, "BearerFetchTests",
    "BearerAddress BearerClaims BearerFetch BearerIntrospection BearerJOSE BearerKeys BearerProviderKit "
      + "BearerSigning BearerTestKit NIOCore NIOHTTP1 NIOPosix"
  ),
  (.tests, "BearerServerTests", "BearerFraming BearerServer BearerSocketKit Logging ServiceLifecycle"),
  (.tests, "BearerLoggingTests", "BearerLogging Logging"),
  (.tests, "BearerFramingTests", "BearerFraming"),
  (.tests, "BearerSystemdTests", "BearerSocketKit BearerSystemd Logging"),
  (.tests, "BearerClientTests", "BearerClient BearerJSON BearerSocketKit"),
  (
    .tests, "BearerDaemonTests",
    "BearerAddress BearerClaims BearerConfiguration BearerDaemon BearerDevIssuer BearerFetch "
      + "BearerFraming BearerIntrospection BearerJOSE BearerJSON BearerKeys BearerLogging BearerProtocol "
      + "BearerProviderKit BearerServer BearerSocketKit BearerSystemd BearerTOML BearerTestKit BearerTime Logging "
      + "NIOCore NIOPosix UnixSignals"
  ),
  (
    .tests, "BearerDevIssuerTests",
    "BearerCrypto BearerDevIssuer BearerDevIssuerServer BearerJSON BearerProviderKit BearerSigning "
      + "BearerTestKit AsyncHTTPClient NIOCore NIOHTTP1 NIOPosix"
  ),
  (
    .tests, "EndToEndTests",
    "BearerAddress BearerClaims BearerConfiguration BearerDaemon BearerDevIssuer BearerFetch BearerJSON "
      + "BearerKeys BearerProviderKit BearerSocketKit BearerTOML BearerTestKit bearerd bearerd-dev-issuer "
      + "ArgumentParser"
  ),
  (
    .tests, "PackageRulesTests",
    "BearerClaims BearerConfiguration BearerDaemon BearerFetch BearerFraming BearerJOSE BearerJSON "
      + "BearerKeys BearerProtocol BearerServer BearerTOML BearerTime bearerd"
  ),
  (
    .fuzzer, "bearerd-fuzz",
    "BearerAddress BearerClaims BearerConfiguration BearerCrypto BearerDaemon BearerFetch BearerFraming "
      + "BearerIntrospection BearerJOSE BearerJSON BearerKeys BearerProtocol BearerServer BearerSigning "
      + "BearerTOML BearerTime NIOHTTP1"
  ),

]

/// Tests that run a program which they do not import.
let programsRun = [
  "BearerFetchTests": "bearerd", "BearerDaemonTests": "bearerd", "BearerDevIssuerTests": "bearerd-dev-issuer",
]

/// What lies beside the sources of a target and is no source.
let excluded = [
  "BearerJOSETests": ["Vectors"], "EndToEndTests": ["Transcripts"], "bearerd-fuzz": ["words.dict"],
]

/// Targets that touch C, where every unsafe expression must be marked and justified.
let targetsTouchingC: Set<String> = ["BearerCrypto", "BearerSystemd", "BearerSigning"]

/// Which package a module comes from.
let packages = [
  "ArgumentParser": "swift-argument-parser", "AsyncHTTPClient": "async-http-client", "Logging": "swift-log",
  "NIOCore": "swift-nio", "NIOEmbedded": "swift-nio", "NIOHTTP1": "swift-nio", "NIOPosix": "swift-nio",
  "NIOSSL": "swift-nio-ssl", "NIOTLS": "swift-nio", "ServiceLifecycle": "swift-service-lifecycle",
  "UnixSignals": "swift-service-lifecycle",
]

func target(_ kind: TargetKind, _ name: String, imports: String) -> Target {
  let modules = imports.split(separator: " ").map(String.init) + [programsRun[name]].compactMap(\.self)
  let dependencies = modules.map { module in
    packages[module].map { .product(name: module, package: $0) } ?? Target.Dependency.byName(name: module)
  }
  var settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
  ]
  if targetsTouchingC.contains(name) { settings.append(.strictMemorySafety()) }
  let exclude = excluded[name] ?? []
  return switch kind {
  case .library: .target(name: name, dependencies: dependencies, swiftSettings: settings)
  case .kit: .target(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
  case .program: .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
  case .fuzzer:
    .executableTarget(
      name: name, dependencies: dependencies, path: "Tests/BearerFuzz", exclude: exclude, swiftSettings: settings)
  case .tests: .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
  }
}

let package = Package(
  name: "bearerd",
  products: [
    .executable(name: "bearerd", targets: ["bearerd"]),
    .executable(name: "bearerd-dev-issuer", targets: ["bearerd-dev-issuer"]),
    .library(name: "BearerClient", targets: ["BearerClient"]),
  ],
  dependencies: [
    // Subcommands, `--help`, completions and manual pages.
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // The logging API of the server ecosystem; AsyncHTTPClient and ServiceLifecycle speak it too.
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    // Sockets and event loops.
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    // HTTPS to identity providers. It brings swift-nio-ssl, whose BoringSSL has prefixed symbols
    // (CNIOBoringSSL) and so lives beside the system's libcrypto without clashing.
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    // TLS configuration for the fetches: private CAs beside the system's.
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    // Signals, ordered start and shutdown.
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CLinuxSockets"),
    .systemLibrary(name: "CLibsystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
  ]
    + table.filter { $0.kind != .fuzzer || Context.environment["BEARERD_FUZZ"] != nil }
    .map { target($0.kind, $0.name, imports: $0.imports) },
  swiftLanguageModes: [.v6]
)
