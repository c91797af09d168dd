import AttentionJSON
import Foundation

/// UTF-8 text from a file or, where its name is `-`, from standard input. Bytes that are no UTF-8 are an
/// error, never repaired.
struct TextFile {
    let path: String

    var isStandardInput: Bool { ExactString(path) == "-" }
    /// What messages call it.
    var name: String { isStandardInput ? "standard input" : path }

    /// The content of a file that has a form of its own, such as JSON: without the byte order mark that some
    /// editors put before it.
    ///
    /// - Throws: ``Failure`` that names the file, and the byte where it is not UTF-8.
    func content() throws -> String { try Self.decode(Self.withoutMark(bytes()), name) }

    /// The content as one text: without one line ending, `\n` or `\r\n`, at its end. Standard input is taken
    /// as it is apart from that; a file loses its byte order mark, too.
    ///
    /// - Throws: As ``content()``.
    func text() throws -> String {
        let bytes = try bytes()
        return try Self.decode(
            Self.withoutLineEnding(isStandardInput ? bytes[...] : Self.withoutMark(bytes)), name)
    }

    /// The lines, ended by `\n` or `\r\n`; the last one may lack its end.
    ///
    /// - Throws: As ``content()``, and for a file without a line.
    func lines() throws -> [String] {
        let bytes = Self.withoutMark(try bytes())
        guard !bytes.isEmpty else {
            throw Failure(.badData, "\(name) is empty: expected one text a line")
        }
        _ = try Self.decode(bytes, name)
        return Self.withoutLineEnding(bytes)
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { line in
                String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
            }
    }

    private static func withoutMark(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
    }

    private static func withoutLineEnding(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard bytes.last == UInt8(ascii: "\n") else { return bytes }
        let rest = bytes.dropLast()
        return rest.last == UInt8(ascii: "\r") ? rest.dropLast() : rest
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, _ name: String) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(
                .badData,
                "\(name) is not valid UTF-8 from byte \(bytes.startIndex + validPrefix(of: bytes)) on (counted from "
                    + "0). Convert the text first, for example with iconv -f ISO-8859-1 -t UTF-8.")
        }
        return text
    }

    /// The number of bytes before the first one that is not valid.
    static func validPrefix(of bytes: some Sequence<UInt8>) -> Int {
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .valid(let scalar) = parser.parseScalar(from: &iterator) { count += scalar.count }
        return count
    }

    private func bytes() throws -> [UInt8] {
        let descriptor = isStandardInput ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(
                .noInput,
                "cannot open \(path): \(FileBytes.SystemError(number: errno)). Name a file to read, or - "
                    + "for standard input.")
        }
        defer { if !isStandardInput { close(descriptor) } }
        do {
            return try FileBytes.read(from: descriptor)
        } catch {
            throw Failure(.noInput, "cannot read \(name): \(error)")
        }
    }
}
