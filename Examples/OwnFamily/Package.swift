// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "OwnFamily",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "swift-attention", path: "../..")],
    targets: [
        .executableTarget(
            name: "OwnFamily",
            dependencies: [.product(name: "SwiftAttention", package: "swift-attention")])
    ]
)
