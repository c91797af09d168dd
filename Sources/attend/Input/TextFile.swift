import Foundation

/// UTF-8 text from a file or, where its name is `-`, from standard input. Bytes that are no UTF-8 are an
/// error, never repaired.
struct TextFile {
    let path: String

    private var name: String { path == "-" ? "standard input" : path }

    /// The whole text, without the byte order mark that some editors put before it.
    ///
    /// - Throws: ``Failure`` that names the file, and the byte where it is not UTF-8.
    func text() throws -> String {
        var bytes = try bytes()[...]
        if bytes.starts(with: Self.byteOrderMark) { bytes = bytes.dropFirst(Self.byteOrderMark.count) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(
                .badData,
                "\(name) is not valid UTF-8 from byte \(bytes.startIndex + Self.validPrefix(of: bytes)) on (counted "
                    + "from 0). Convert the text first, for example with iconv -f ISO-8859-1 -t UTF-8.")
        }
        return text
    }

    /// The text as one piece, without the line's end that its last line has.
    func singleText() throws -> String {
        var text = Substring(try text())
        if let last = text.last, last.isNewline { text.removeLast() }
        return String(text)
    }

    /// The lines, ended by `\n` or `\r\n`; the last one may lack its end.
    func lines() throws -> [String] {
        let bytes = Array(try text().utf8)
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard !lines.isEmpty else {
            throw Failure(.badData, "\(name) is empty: expected one text a line")
        }
        return lines.map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// How many bytes are valid from the start.
    static func validPrefix(of bytes: some Sequence<UInt8>) -> Int {
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .valid(let scalar) = parser.parseScalar(from: &iterator) { count += scalar.count }
        return count
    }

    private func bytes() throws -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(
                .noInput,
                "cannot open \(path): \(FileBytes.SystemError(number: errno)). Name a file to read, or - "
                    + "for standard input.")
        }
        defer { if path != "-" { close(descriptor) } }
        do {
            return try FileBytes.read(from: descriptor)
        } catch {
            throw Failure(.noInput, "cannot read \(name): \(error)")
        }
    }
}
