// swift-tools-version: 6.2

import PackageDescription

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
    // The configuration file. It names three types of full Foundation, for TOML's dates; nothing else here does, and a
    // static link keeps little of it. The YAML libraries keep all of it.
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // MARK: C libraries

    .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CLibsystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),

    // MARK: The pure core: bytes, keys, policy and a given time; no I/O, no clock

    .target(name: "BearerJSON"),
    .target(name: "BearerCrypto", dependencies: ["CLibcrypto"]),
    .target(name: "BearerJOSE", dependencies: ["BearerJSON", "BearerCrypto"]),
    .target(name: "BearerKeys", dependencies: ["BearerJOSE", "BearerCrypto", "BearerJSON"]),
    .target(name: "BearerProtocol", dependencies: ["BearerJSON"]),

    // MARK: The outside world

    .target(
      name: "BearerFetch",
      dependencies: [
        "BearerKeys", "BearerJOSE", "BearerJSON",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]
    ),
    .target(
      name: "BearerTransport",
      dependencies: ["BearerProtocol", .product(name: "NIOCore", package: "swift-nio")]
    ),
    .target(
      name: "BearerServer",
      dependencies: [
        "BearerTransport", "BearerProtocol",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]
    ),
    .target(
      name: "BearerSystemd",
      dependencies: [
        "CLibsystemd",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]
    ),
    .target(
      name: "BearerClient",
      dependencies: [
        "BearerTransport", "BearerProtocol", "BearerJSON",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]
    ),

    // MARK: The programs

    .target(
      name: "BearerDaemon",
      dependencies: [
        "BearerServer", "BearerFetch", "BearerSystemd", "BearerClient", "BearerKeys", "BearerJOSE", "BearerProtocol",
        "BearerJSON", "BearerCrypto",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "TOMLKit", package: "TOMLKit"),
      ]
    ),
    .executableTarget(
      name: "bearerd",
      dependencies: [
        "BearerDaemon", "BearerClient", "BearerFetch", "BearerJOSE", "BearerProtocol", "BearerJSON", "BearerSystemd",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]
    ),

    // MARK: Development only: the one place with signing code, which the daemon does not link

    .target(name: "BearerSigning", dependencies: ["CLibcrypto"]),
    .target(
      name: "BearerDevIssuer",
      dependencies: [
        "BearerSigning", "BearerJSON",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]
    ),
    .executableTarget(
      name: "bearerd-dev-issuer",
      dependencies: [
        "BearerDevIssuer", "BearerJSON",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ]
    ),
    .executableTarget(
      name: "bearerd-benchmark",
      dependencies: [
        "BearerDaemon", "BearerDevIssuer", "BearerServer", "BearerKeys", "BearerJOSE", "BearerCrypto", "BearerJSON",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]
    ),

    // MARK: Tests

    .target(
      name: "BearerTestKit",
      dependencies: [
        "BearerSigning", "BearerDevIssuer", "BearerKeys", "BearerJOSE", "BearerJSON",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOTLS", package: "swift-nio"),
      ],
      path: "Tests/BearerTestKit"
    ),
    .testTarget(name: "BearerJSONTests", dependencies: ["BearerJSON"]),
    .testTarget(name: "BearerCryptoTests", dependencies: ["BearerCrypto", "BearerSigning"]),
    .testTarget(
      name: "BearerJOSETests",
      dependencies: ["BearerJOSE", "BearerCrypto", "BearerJSON", "BearerProtocol", "BearerSigning", "BearerTestKit"],
      exclude: ["Vectors"]
    ),
    .testTarget(
      name: "BearerKeysTests", dependencies: ["BearerKeys", "BearerJOSE", "BearerJSON", "BearerTestKit"]),
    .testTarget(
      name: "BearerFetchTests",
      dependencies: [
        "BearerFetch", "BearerKeys", "BearerJOSE", "BearerJSON", "BearerDevIssuer", "BearerSigning", "BearerTestKit",
        "bearerd",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]
    ),
    .testTarget(name: "BearerProtocolTests", dependencies: ["BearerProtocol", "BearerJSON"]),
    .testTarget(
      name: "BearerServerTests",
      dependencies: [
        "BearerServer", "BearerTransport", "BearerProtocol", "BearerTestKit",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]
    ),
    .testTarget(
      name: "BearerSystemdTests", dependencies: ["BearerSystemd", .product(name: "Logging", package: "swift-log")]),
    .testTarget(
      name: "BearerClientTests",
      dependencies: [
        "BearerClient", "BearerJSON", "BearerProtocol", "BearerTestKit",
        .product(name: "NIOCore", package: "swift-nio"),
      ]
    ),
    .testTarget(
      name: "BearerDaemonTests",
      dependencies: [
        "BearerDaemon", "BearerServer", "BearerFetch", "BearerSystemd", "BearerKeys", "BearerJOSE", "BearerProtocol",
        "BearerJSON", "BearerDevIssuer", "BearerSigning", "BearerTestKit", "bearerd",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]
    ),
    .testTarget(
      name: "BearerDevIssuerTests",
      dependencies: [
        "BearerDevIssuer", "BearerSigning", "BearerCrypto", "BearerJSON", "BearerTestKit", "bearerd-dev-issuer",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]
    ),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "BearerTestKit", "BearerDaemon", "BearerDevIssuer", "BearerFetch", "BearerKeys", "BearerJOSE", "BearerJSON",
        "BearerSigning", "bearerd", "bearerd-dev-issuer",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["Transcripts"]
    ),
    .testTarget(
      name: "PackageRulesTests",
      dependencies: [
        "BearerDaemon", "BearerFetch", "BearerJOSE", "BearerJSON", "BearerKeys", "BearerProtocol", "BearerServer",
        "BearerTransport", "bearerd",
      ]
    ),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzzer has libFuzzer's `main`, so it can only be linked as `deploy/fuzz` does it.
if Context.environment["BEARERD_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "bearerd-fuzz",
      dependencies: [
        "BearerDaemon", "BearerServer", "BearerTransport", "BearerFetch", "BearerKeys", "BearerJOSE", "BearerProtocol",
        "BearerJSON", "BearerCrypto", "BearerSigning",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ],
      path: "Tests/BearerFuzz",
      exclude: ["words.dict"]
    ))
}

/// Targets that touch C, where every unsafe expression must be marked and justified.
let targetsTouchingC: Set<String> = ["BearerCrypto", "BearerSystemd", "BearerSigning"]

for target in package.targets where target.type != .system {
  var settings = target.swiftSettings ?? []
  settings += [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
  ]
  if targetsTouchingC.contains(target.name) {
    settings.append(.strictMemorySafety())
  }
  target.swiftSettings = settings
}
