// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that what the benchmarks depend on never reaches a user of the library.
let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-attention", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .target(name: "CProbes"),
        .executableTarget(
            name: "attend-bench",
            dependencies: [
                "CProbes",
                .product(name: "Attention", package: "swift-attention"),
                .product(name: "AttentionTensors", package: "swift-attention"),
                .product(name: "AttentionMaps", package: "swift-attention"),
                .product(name: "AttentionFiles", package: "swift-attention"),
                .product(name: "AttentionGrammars", package: "swift-attention"),
                .product(name: "AttentionTokenizers", package: "swift-attention"),
                .product(name: "AttentionGeneration", package: "swift-attention"),
                .product(name: "AttentionTasks", package: "swift-attention"),
                .product(name: "AttentionModels", package: "swift-attention"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]
)
