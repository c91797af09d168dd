import AttentionJSON
import AttentionTensors

/// The header of a `.safetensors` file: what lies where. Every number in it has been checked against the
/// others and against the size of the file.
///
/// The layout: eight bytes N (little-endian), N bytes of JSON
/// `{"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …, "__metadata__": {…}}`,
/// and the data, to which the offsets are relative. Every byte of the data belongs to exactly one tensor.
struct SafetensorsHeader {
    /// The reference implementation's limit, in bytes.
    static let greatestLength = 100_000_000
    static let metadataKey = "__metadata__"

    let entries: [SafetensorsFile.Entry]
    let metadata: [ExactString: String]

    init(of storage: TensorStorage, file: String) throws {
        defer { withExtendedLifetime(storage) {} }
        let bytes = UnsafeRawBufferPointer(start: storage.baseAddress, count: storage.byteCount)
        let length = try Self.length(prefix: Array(bytes.prefix(8)), fileSize: bytes.count, file: file)
        let dataStart = 8 + length
        // A copy, so that the checked bytes are the used bytes even if another process writes to the file.
        let json = Array(bytes[8..<dataStart])
        var parser = SafetensorsHeaderParser(json, data: dataStart..<bytes.count, file: file)
        (entries, metadata) = try parser.parse()
        try Self.checkCoverage(of: entries, data: dataStart..<bytes.count, file: file)
    }

    private static func length(prefix: [UInt8], fileSize: Int, file: String) throws(SafetensorsError) -> Int {
        guard prefix.count == 8 else {
            throw SafetensorsError(
                problem: .truncated, file: file, tensor: nil, offset: 0,
                expected: "at least 8 bytes for the header's length", found: "\(fileSize)")
        }
        let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        // `fileSize - 8` cannot wrap; `8 + length` could.
        let limit = min(greatestLength, fileSize - 8)
        guard length >= 2, length <= UInt64(limit) else {
            throw SafetensorsError(
                problem: .headerLength, file: file, tensor: nil, offset: 0,
                expected: "a header of at least 2 and, in a file of \(fileSize) bytes, at most \(limit)",
                found: "\(length)")
        }
        return Int(length)
    }

    /// The tensors, side by side, must fill the data: no overlap, no hole, nothing behind the last one.
    private static func checkCoverage(
        of entries: [SafetensorsFile.Entry], data: Range<Int>, file: String
    ) throws(SafetensorsError) {
        let ordered = entries.sorted {
            ($0.byteRange.lowerBound, $0.byteRange.upperBound) < (
                $1.byteRange.lowerBound, $1.byteRange.upperBound
            )
        }
        var end = data.lowerBound
        for entry in ordered {
            let start = entry.byteRange.lowerBound
            guard start == end else {
                throw SafetensorsError(
                    problem: start < end ? .overlap : .hole, file: file, tensor: entry.name, offset: start,
                    expected: "its data to begin where the tensor before it ends, at byte \(end)",
                    found: start < end ? "an overlap" : "a hole of \(start - end) bytes")
            }
            end = entry.byteRange.upperBound
        }
        guard end == data.upperBound else {
            throw SafetensorsError(
                problem: .hole, file: file, tensor: nil, offset: end, expected: "the end of the file",
                found: "\(data.upperBound - end) bytes that belong to no tensor")
        }
    }
}
