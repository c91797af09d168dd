import AttentionFiles
import AttentionJSON
import Foundation

/// A file that a command was asked to write, or standard output where its name is `-`.
struct OutputFile {
    let path: String

    var isStandardOutput: Bool { ExactString(path) == "-" }

    /// Writes the whole file, or leaves the one that is there as it was.
    ///
    /// - Throws: ``Failure`` that names the file.
    func write(_ bytes: [UInt8]) throws {
        if isStandardOutput {
            var output = StandardOutput()
            try output.write(bytes)
            return try output.flush()
        }
        do {
            try AtomicFile.replace(path) { append in try bytes.withUnsafeBytes { try append($0) } }
        } catch let error as ModelFileError {
            guard case .system(_, _, let reason) = error, let failure = Failure(error) else { throw error }
            throw Failure(
                failure.code, "cannot write \(path): \(reason). A file that was there is as it was.")
        }
    }
}
