import AttentionJSON
import AttentionTemplates
import Foundation
import Synchronization

/// The file of a batch's answers: those that are there, and those that are added.
final class BatchAnswers: Sendable {
    private let path: String
    private let descriptor: Int32
    /// The number of lines that were answered before, and of those with an error.
    let count, errors: Int

    private var isStandardOutput: Bool { descriptor == STDOUT_FILENO }
    var isTerminal: Bool { isStandardOutput && StandardOutput.isTerminal }

    /// Opens the file, and keeps the answers to the first lines that it has. A line that was not written to
    /// its end is removed.
    ///
    /// - Parameters:
    ///   - input: The path of the input, which must be another file.
    ///   - restarts: Whether all answers are removed.
    /// - Throws: ``Failure`` for a file that cannot be written, and one whose answers belong to other lines.
    init(_ path: String, to requests: BatchRequests, from input: String, restarts: Bool) throws {
        self.path = path
        guard ExactString(path) != "-" else {
            (descriptor, count, errors) = (STDOUT_FILENO, 0, 0)
            return
        }
        // A pipe that was opened for reading, too, would never say that its reader has gone.
        var info = stat()
        let isSpecial = stat(path, &info) == 0 && info.st_mode & S_IFMT != S_IFREG
        descriptor = open(path, (isSpecial ? O_WRONLY : O_RDWR | O_CREAT) | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw Failure(.cannotCreate, "cannot write \(path): \(FileBytes.SystemError(number: errno))")
        }
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            // A pipe or a device keeps nothing.
            (count, errors) = (0, 0)
            return
        }
        var other = stat()
        let isFound = ExactString(input) == "-" ? fstat(STDIN_FILENO, &other) : stat(input, &other)
        if isFound == 0, other.st_ino == info.st_ino, other.st_dev == info.st_dev {
            throw Failure(.usage, "--input and --output are the same file; name another one for the answers")
        }
        let kept = restarts ? Kept() : try Self.kept(in: FileBytes.read(from: descriptor), path, requests)
        (count, errors) = (kept.count, kept.errors)
        guard ftruncate(descriptor, off_t(kept.bytes)) == 0,
            lseek(descriptor, 0, SEEK_END) >= 0
        else { throw Failure(.cannotCreate, "cannot write \(path): \(FileBytes.SystemError(number: errno))") }
    }

    deinit { if !isStandardOutput { close(descriptor) } }

    private struct Kept {
        var count = 0
        var errors = 0
        var bytes = 0
    }

    private static func kept(in bytes: [UInt8], _ path: String, _ requests: BatchRequests) throws -> Kept {
        var kept = Kept()
        while let end = bytes[kept.bytes...].firstIndex(of: UInt8(ascii: "\n")) {
            let answer = try? ChatValue(json: bytes[kept.bytes..<end])
            guard kept.count < requests.lines.count, let answer, fits(answer, requests.request(kept.count))
            else {
                throw Failure(
                    .badData,
                    "\(path): line \(kept.count + 1) is no answer to line \(kept.count + 1) of the input. Name another "
                        + "file for the answers, or overwrite this one with --restart.")
            }
            kept.errors += answer["error"] == nil ? 0 : 1
            kept.count += 1
            kept.bytes = end + 1
        }
        guard isBeginningOfAnswer(bytes[kept.bytes...]) else {
            throw Failure(
                .badData,
                "\(path): what follows line \(kept.count) is no answer that was cut short. Name another file for the "
                    + "answers, or overwrite this one with --restart.")
        }
        return kept
    }

    /// Whether bytes may be a line that was not written to its end.
    private static func isBeginningOfAnswer(_ bytes: ArraySlice<UInt8>) -> Bool {
        ["id", "prompt_tokens", "error"].contains { name in
            let start = Array("{\"\(name)\":".utf8)
            return bytes.starts(with: start) || start.starts(with: bytes)
        }
    }

    /// Whether an answer may be that to a line: it has its id, and as many tokens of the prompt.
    private static func fits(
        _ answer: ChatValue, _ line: (id: JSON?, request: Result<BatchRequests.Request, any Error>)
    ) -> Bool {
        guard case .object = answer else { return false }
        switch (line.id, answer["id"]) {
        case (nil, nil): break
        case (.string(let id), .string(let found)): if ExactString(id) != ExactString(found) { return false }
        case (.integer(let id), .integer(let found)): if id != found { return false }
        default: return false
        }
        if answer["error"] != nil { return true }
        guard case .success(let request) = line.request else { return false }
        return answer["prompt_tokens"] == .integer(request.tokens.count)
    }

    /// Adds an answer.
    ///
    /// - Throws: ``ClosedPipe``; ``Failure`` that names the file.
    func write(_ line: [UInt8]) throws {
        do {
            try FileBytes.write(line, to: descriptor)
        } catch {
            if isStandardOutput, error.number == EPIPE { throw ClosedPipe() }
            throw Failure(
                .inputOutput, "cannot write \(isStandardOutput ? "to standard output" : path): \(error)")
        }
    }
}
