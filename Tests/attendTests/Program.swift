import Foundation
import TestSupport

/// The built program, run by a shell.
enum Program {
    struct Outcome {
        let code: Int32
        let output: Data
        let errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() }

        func json() throws -> Any { try JSONSerialization.jsonObject(with: output) }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// `attend` lies beside the tests' own bundle.
    static let path: String = {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
        let folder = bundle?.bundleURL.deletingLastPathComponent() ?? Bundle.main.bundleURL
        return folder.appendingPathComponent("attend").path
    }()

    /// Runs `attend` with no settings but those given, in `folder`.
    static func attend(
        _ arguments: [String], input: String = "", environment: [String: String] = [:], in folder: URL? = nil
    ) throws -> Outcome {
        try run(path, arguments, input: Data(input.utf8), environment: environment, in: folder)
    }

    /// Runs a line of shell, in which `$ATTEND` is the program.
    static func shell(_ line: String, in folder: URL? = nil) throws -> Outcome {
        try run("/bin/sh", ["-c", line], input: Data(), environment: ["ATTEND": path], in: folder)
    }

    /// What `attend` writes where standard output is a terminal.
    static func onTerminal(_ arguments: [String]) throws -> String {
        var (controllerEnd, terminalEnd): (Int32, Int32) = (-1, -1)
        guard openpty(&controllerEnd, &terminalEnd, nil, nil, nil) == 0 else {
            throw Failure(description: "there is no terminal")
        }
        let controller = FileHandle(fileDescriptor: controllerEnd, closeOnDealloc: true)
        let terminal = FileHandle(fileDescriptor: terminalEnd, closeOnDealloc: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = settings([:], home: FileManager.default.temporaryDirectory)
        process.standardOutput = terminal
        process.standardError = FileHandle.nullDevice
        try process.run()
        try wait(for: process, arguments)
        // The terminal keeps what fits into its buffer, which is more than the tests write.
        return String(decoding: controller.availableData, as: UTF8.self)
            .replacingOccurrences(of: "\r\n", with: "\n")
    }

    private static func run(
        _ program: String, _ arguments: [String], input: Data, environment: [String: String], in folder: URL?
    ) throws -> Outcome {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("attend-\(UUID())")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        // The output goes to files. A full pipe would stop the program.
        let files = ["input", "output", "errors"].map { scratch.appendingPathComponent($0) }
        for (file, content) in zip(files, [input, Data(), Data()]) { try content.write(to: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = settings(environment, home: scratch)
        if let folder { process.currentDirectoryURL = folder }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        try wait(for: process, arguments)
        guard process.terminationReason == .exit else {
            throw Failure(description: "\(arguments) ended by signal \(process.terminationStatus)")
        }
        return Outcome(
            code: process.terminationStatus, output: try Data(contentsOf: files[1]),
            errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
    }

    /// The environment of a run: the tests' own, without settings of the program but for those given.
    static func settings(_ environment: [String: String], home: URL) -> [String: String] {
        let inherited = ProcessInfo.processInfo.environment.filter { name, _ in
            !["ATTENTION_", "HF_", "XDG_"].contains { name.hasPrefix($0) }
                && !["COLUMNS", "HOME"].contains(name)
        }
        // Whatever a test gets wrong, it does not reach for the network.
        return inherited.merging(["HOME": home.path, "HF_HUB_OFFLINE": "1"]) { $1 }.merging(environment) {
            $1
        }
    }

    private static func wait(for process: Process, _ arguments: [String]) throws {
        let deadline = Date().addingTimeInterval(120)
        while process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.01) }
        if process.isRunning {
            process.terminate()
            throw Failure(description: "\(arguments) did not finish within two minutes")
        }
    }
}
