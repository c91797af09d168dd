import Foundation

/// A file that a command was asked to write, or standard output where its name is `-`.
struct OutputFile {
    let path: String

    var isStandardOutput: Bool { path == "-" }

    /// - Throws: ``Failure`` that names the file.
    func write(_ bytes: [UInt8]) throws {
        if isStandardOutput {
            var output = StandardOutput()
            try output.write(bytes)
            return try output.flush()
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            let reason = FileBytes.SystemError(number: errno)
            throw Failure(
                .cannotCreate, "cannot write \(path): \(reason). Name a file that you may write to.")
        }
        defer { close(descriptor) }
        do {
            try FileBytes.write(bytes, to: descriptor)
        } catch {
            throw Failure(
                .inputOutput, "writing \(path) stopped halfway: \(error). What is there is not complete.")
        }
    }
}
