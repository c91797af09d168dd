// swift-tools-version: 6.2
import PackageDescription

// A package of its own: built with libFuzzer's instrumentation, which belongs into no other build.
let package = Package(
    name: "Fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "swift-attention", path: "..")],
    targets: [
        .executableTarget(
            name: "attend-fuzz",
            dependencies: [
                .product(name: "AttentionFiles", package: "swift-attention"),
                .product(name: "AttentionTokenizers", package: "swift-attention"),
                .product(name: "AttentionTemplates", package: "swift-attention"),
                .product(name: "AttentionModels", package: "swift-attention"),
                .product(name: "AttentionGrammars", package: "swift-attention"),
            ],
            swiftSettings: [.unsafeFlags(["-parse-as-library"])])
    ]
)
