// swift-tools-version: 6.2
import PackageDescription

// `ATTENTION_STRICT=1` (set by `make test` and CI) turns warnings into errors, in this package's own
// targets only, so that a newer compiler's warning never breaks somebody who merely depends on it.
// `ATTENTION_DOCS=1` (set by `make docs`) brings in the documentation plugin, which no user needs.
let isStrict = Context.environment["ATTENTION_STRICT"] != nil
let buildsDocs = Context.environment["ATTENTION_DOCS"] != nil

let swiftSettings: [SwiftSetting] =
    [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility")]
    + (isStrict ? [.treatAllWarnings(as: .error)] : [])
let cSettings: [CSetting] = isStrict ? [.treatAllWarnings(as: .error)] : []

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.init(stringLiteral: name), "TestSupport"] + dependencies,
        exclude: exclude,
        swiftSettings: swiftSettings)
}

/// Hashes, for what is fetched. Whoever takes no part in fetching does not build it.
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "swift-attention",
    platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .visionOS(.v2)],
    products: [
        .library(name: "Attention", targets: ["Attention"]),
        .library(name: "AttentionTensors", targets: ["AttentionTensors"]),
        .library(name: "AttentionFiles", targets: ["AttentionFiles"]),
        .library(name: "AttentionHub", targets: ["AttentionHub"]),
        .library(name: "AttentionTokenizers", targets: ["AttentionTokenizers"]),
        .library(name: "AttentionGrammars", targets: ["AttentionGrammars"]),
        .library(name: "AttentionModels", targets: ["AttentionModels"]),
        .library(name: "AttentionGeneration", targets: ["AttentionGeneration"]),
        .library(name: "AttentionMaps", targets: ["AttentionMaps"]),
        .executable(name: "attend", targets: ["attend"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ]
        + (buildsDocs
            ? [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")] : []),
    targets: [
        .target(name: "CAttentionKernels", cSettings: cSettings),
        library("AttentionTensors", ["CAttentionKernels"]),
        library("Attention", ["AttentionTensors", "CAttentionKernels"]),
        library("AttentionJSON"),
        library("AttentionFiles", ["AttentionJSON", "AttentionTensors"]),
        library("AttentionHub", ["AttentionFiles", "AttentionJSON", crypto]),
        library("AttentionTokenizers", ["AttentionJSON"]),
        library("AttentionGrammars", ["AttentionJSON"]),
        library("AttentionModels", ["Attention", "AttentionTensors"]),
        library(
            "AttentionGeneration",
            ["AttentionModels", "AttentionFiles", "AttentionTokenizers", "AttentionGrammars"]),
        library("AttentionMaps", ["AttentionModels", "Attention", "AttentionTensors"]),
        .executableTarget(
            name: "attend",
            dependencies: [
                "AttentionGeneration", "AttentionMaps", "AttentionModels", "AttentionFiles",
                "AttentionHub", "AttentionTokenizers", "AttentionGrammars", "Attention",
                "AttentionTensors",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),

        .target(
            name: "TestSupport", dependencies: ["AttentionFiles", "AttentionTensors"],
            path: "Tests/TestSupport",
            swiftSettings: swiftSettings),
        tests("AttentionTensors", ["AttentionFiles"], exclude: ["Fixtures"]),
        tests("Attention", ["AttentionFiles"], exclude: ["Fixtures"]),
        tests("AttentionJSON"),
        tests("AttentionFiles", exclude: ["Fixtures"]),
        tests("AttentionHub", [crypto]),
        tests("AttentionTokenizers", exclude: ["Fixtures"]),
        tests("AttentionGrammars", ["AttentionJSON"]),
        tests("AttentionModels", ["AttentionFiles"], exclude: ["Fixtures"]),
        tests("AttentionGeneration", ["AttentionGrammars"], exclude: ["Fixtures"]),
        tests("AttentionMaps", [crypto]),
        tests("attend"),
    ],
    cLanguageStandard: .c11
)
