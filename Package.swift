// swift-tools-version: 6.2
import PackageDescription

// `ATTENTION_STRICT=1` (set by CI for all of its builds) turns warnings into errors in this package's own
// targets. It changes the compiler's flags, so a build with it shares nothing with one without.
let isStrict = Context.environment["ATTENTION_STRICT"] != nil

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

/// The hub's HTTP client, and what its interface is made of.
let http: [Target.Dependency] =
    [.product(name: "AsyncHTTPClient", package: "async-http-client")]
    + ["NIOCore", "NIOHTTP1", "NIOPosix"].map { .product(name: $0, package: "swift-nio") }
    + [.product(name: "NIOSSL", package: "swift-nio-ssl")]

let package = Package(
    name: "swift-attention",
    platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .visionOS(.v2)],
    products: [
        .library(name: "SwiftAttention", targets: ["SwiftAttention"]),
        .library(name: "Attention", targets: ["Attention"]),
        .library(name: "AttentionTensors", targets: ["AttentionTensors"]),
        .library(name: "AttentionFiles", targets: ["AttentionFiles"]),
        .library(name: "AttentionHub", targets: ["AttentionHub"]),
        .library(name: "AttentionTokenizers", targets: ["AttentionTokenizers"]),
        .library(name: "AttentionTemplates", targets: ["AttentionTemplates"]),
        .library(name: "AttentionGrammars", targets: ["AttentionGrammars"]),
        .library(name: "AttentionModels", targets: ["AttentionModels"]),
        .library(name: "AttentionGeneration", targets: ["AttentionGeneration"]),
        .library(name: "AttentionTasks", targets: ["AttentionTasks"]),
        .library(name: "AttentionConversion", targets: ["AttentionConversion"]),
        .library(name: "AttentionMaps", targets: ["AttentionMaps"]),
        .executable(name: "attend", targets: ["attend"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // For AttentionHub alone.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.100.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
    ],
    targets: [
        .target(name: "CAttentionKernels", cSettings: cSettings),
        library("AttentionTensors", ["AttentionJSON", "CAttentionKernels"]),
        library("Attention", ["AttentionJSON", "AttentionTensors", "CAttentionKernels"]),
        library("AttentionJSON"),
        library("AttentionFiles", ["AttentionJSON", "AttentionTensors"]),
        library("AttentionHub", ["AttentionFiles", "AttentionJSON"] + http),
        library("AttentionTokenizers", ["AttentionFiles", "AttentionJSON"]),
        library("AttentionTemplates", ["AttentionTokenizers", "AttentionFiles", "AttentionJSON"]),
        library("AttentionGrammars", ["AttentionJSON"]),
        library("AttentionModels", ["Attention", "AttentionFiles", "AttentionJSON", "AttentionTensors"]),
        library(
            "AttentionGeneration",
            [
                "AttentionModels", "AttentionFiles", "AttentionJSON", "AttentionTokenizers",
                "AttentionTemplates", "AttentionGrammars",
            ]),
        library(
            "AttentionTasks",
            [
                "AttentionGeneration", "AttentionModels", "AttentionFiles", "AttentionJSON",
                "AttentionTokenizers",
            ]),
        library(
            "AttentionConversion",
            [
                "AttentionModels", "AttentionFiles", "AttentionJSON", "AttentionTokenizers",
                "AttentionTemplates",
            ]),
        library("AttentionMaps", ["AttentionModels", "Attention", "AttentionTensors", "AttentionJSON"]),
        library(
            "SwiftAttention",
            [
                "Attention", "AttentionConversion", "AttentionFiles", "AttentionGeneration",
                "AttentionGrammars", "AttentionHub", "AttentionMaps", "AttentionModels", "AttentionTasks",
                "AttentionTemplates", "AttentionTensors", "AttentionTokenizers",
            ]),
        .executableTarget(
            name: "attend",
            dependencies: [
                "AttentionConversion", "AttentionTasks", "AttentionGeneration", "AttentionMaps",
                "AttentionModels", "AttentionFiles", "AttentionHub", "AttentionTemplates",
                "AttentionTokenizers", "AttentionGrammars", "Attention", "AttentionJSON",
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
        tests("AttentionHub", http),
        tests("AttentionTokenizers", ["AttentionFiles"], exclude: ["Fixtures"]),
        tests("AttentionTemplates", ["AttentionFiles", "AttentionTokenizers"], exclude: ["Fixtures"]),
        tests("AttentionGrammars", ["AttentionJSON"], exclude: ["Fixtures"]),
        tests(
            "AttentionModels",
            ["AttentionConversion", "AttentionFiles", "AttentionGeneration", "AttentionMaps"],
            exclude: ["Fixtures"]),
        tests("AttentionGeneration", ["AttentionGrammars"], exclude: ["Fixtures"]),
        tests("AttentionTasks", ["AttentionGeneration"], exclude: ["Fixtures"]),
        tests("AttentionConversion", ["AttentionGeneration"]),
        tests("AttentionMaps", ["AttentionHub"]),
        tests("attend"),
    ],
    cLanguageStandard: .c11
)
