import Foundation

/// A program that computes the same thing with another library, on request: one JSON object a line each way.
final class Peer {
    private let process = Process()
    private let requests = Pipe()
    private let answers = Pipe()
    private var buffer = Data()

    /// - Parameters:
    ///   - python: The interpreter of an environment that holds Scripts/requirements.txt.
    ///   - script: A file of Benchmarks/peers.
    init(python: String, script: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../peers").standardizedFileURL
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, folder.appendingPathComponent(script).path]
        process.standardInput = requests
        process.standardOutput = answers
        try process.run()
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Sends `request` and decodes the answer.
    func ask<Answer: Decodable>(_ request: [String: any Sendable], as: Answer.Type = Answer.self) throws
        -> Answer
    {
        var line = try JSONSerialization.data(withJSONObject: request)
        line.append(UInt8(ascii: "\n"))
        try requests.fileHandleForWriting.write(contentsOf: line)
        let answer = try readLine()
        if let failure = try? JSONDecoder().decode([String: String].self, from: answer),
            let text = failure["error"]
        {
            throw Failure(description: "the peer says: \(text)")
        }
        return try JSONDecoder().decode(Answer.self, from: answer)
    }

    private func readLine() throws -> Data {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer = buffer[(end + 1)...] }
                return buffer[..<end]
            }
            let more = answers.fileHandleForReading.availableData
            guard !more.isEmpty else {
                throw Failure(description: "the peer has ended; see its messages above")
            }
            buffer.append(more)
        }
    }

    deinit {
        try? requests.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
