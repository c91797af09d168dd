import AttentionJSON
import AttentionTensors

/// Everything before a GGUF file's data: metadata, and what lies where. Every number in it has been checked
/// against the others and against the size of the file.
///
/// - Note: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
struct GGUFHeader {
    static let usualAlignment = 32
    static let magic: UInt32 = 0x4655_4747  // "GGUF"
    static let greatestRank = 4
    /// The format's own limit, in bytes.
    static let longestKey = 65535

    var version = 0
    var alignment = usualAlignment
    var keys: [String] = []
    var metadata = GGUFMetadata()
    var entries: [GGUFFile.Entry] = []

    init(_ bytes: UnsafeRawBufferPointer, file: String) throws(GGUFError) {
        var reader = GGUFReader(bytes, file: file)
        try readStart(&reader)
        // Name, extents' number, type and offset take 24 bytes; key, type and value 13.
        let tensorCount = try reader.count("tensors", ofAtLeast: 24)
        let valueCount = try reader.count("values", ofAtLeast: 13)
        for _ in 0..<valueCount { try readValue(&reader) }
        try readAlignment(&reader)
        var infos: [Info] = []
        var names: Set<ExactString> = []
        for _ in 0..<tensorCount {
            let info = try readInfo(&reader)
            guard names.insert(ExactString(info.name)).inserted else {
                throw reader.fault(
                    .duplicateName, "each tensor once", "a second one of this name", at: info.start)
            }
            infos.append(info)
        }
        try placeTensors(infos, &reader)
    }

    // MARK: Metadata

    private mutating func readStart(_ reader: inout GGUFReader) throws(GGUFError) {
        let magic: UInt32 = try reader.number()
        guard magic == Self.magic else {
            throw reader.fault(.magic, "the letters GGUF", "0x\(String(magic.bigEndian, radix: 16))", at: 0)
        }
        let version: UInt32 = try reader.number()
        guard version == 2 || version == 3 else {
            let isSwapped = (1...3).contains(version.byteSwapped)
            throw reader.fault(
                .version, "version 2 or 3", isSwapped ? "a big-endian file" : "\(version)", at: 4)
        }
        self.version = Int(version)
    }

    private mutating func readValue(_ reader: inout GGUFReader) throws(GGUFError) {
        let start = reader.position
        reader.name = nil
        let key = try reader.text(limit: Self.longestKey)
        reader.name = key
        guard metadata[key] == nil else {
            throw reader.fault(.duplicateName, "each key once", "a second one", at: start)
        }
        metadata[key] = try reader.value()
        keys.append(key)
    }

    private mutating func readAlignment(_ reader: inout GGUFReader) throws(GGUFError) {
        guard let value = metadata[GGUFKey.alignment] else { return }
        reader.name = GGUFKey.alignment
        guard case .uint32(let number) = value else {
            throw reader.fault(.valueType, "a uint32", "\(value.kind)")
        }
        guard number > 0, number & (number - 1) == 0, number <= 1 << 30 else {
            throw reader.fault(.value, "a power of two of at most 2^30", "\(number)")
        }
        alignment = Int(number)
    }

    // MARK: Tensors

    /// A tensor's entry, before the place of the data is known.
    private struct Info {
        var name: String
        var start: Int
        var typeNumber: UInt32
        var shape: Shape
        /// Nil for a type that is not known.
        var byteCount: Int?
        var offset: UInt64
    }

    private func readInfo(_ reader: inout GGUFReader) throws(GGUFError) -> Info {
        let start = reader.position
        reader.name = nil
        let name = try reader.text()
        reader.name = name
        let rankStart = reader.position
        let rank: UInt32 = try reader.number()
        guard rank <= Self.greatestRank else {
            throw reader.fault(.shape, "at most \(Self.greatestRank) extents", "\(rank)", at: rankStart)
        }
        var extents: [UInt64] = []
        for _ in 0..<rank { extents.append(try reader.number()) }
        let typeNumber: UInt32 = try reader.number()
        let type = GGUFElementType(rawValue: typeNumber)
        let shape = try Self.shape(extents, blockSize: type?.blockSize ?? 1, at: rankStart, reader)
        let byteCount = try type.map { type throws(GGUFError) in
            let blocks = shape.elementCount / type.blockSize
            let (byteCount, overflow) = blocks.multipliedReportingOverflow(by: type.blockByteCount)
            guard !overflow else {
                throw reader.fault(.shape, "a tensor of fewer than 2^63 bytes", "\(shape)", at: rankStart)
            }
            return byteCount
        }
        return Info(
            name: name, start: start, typeNumber: typeNumber, shape: shape, byteCount: byteCount,
            offset: try reader.number())
    }

    /// Files have the innermost extent first.
    private static func shape(
        _ extents: [UInt64], blockSize: Int, at offset: Int, _ reader: GGUFReader
    ) throws(GGUFError) -> Shape {
        let counts = extents.compactMap { Int(exactly: $0) }
        guard counts.count == extents.count, let shape = try? Shape(checking: counts.reversed()) else {
            throw reader.fault(.shape, "extents whose product is below 2^63", "\(extents)", at: offset)
        }
        guard (counts.first ?? 1) % blockSize == 0 else {
            throw reader.fault(
                .shape, "rows of a multiple of \(blockSize) elements", "\(counts.first ?? 1)", at: offset)
        }
        return shape
    }

    /// Places the tensors in the data, which begin at the next multiple of the alignment.
    private mutating func placeTensors(_ infos: [Info], _ reader: inout GGUFReader) throws(GGUFError) {
        guard !infos.isEmpty else { return }
        // Both are far below 2^62: no sum can wrap.
        let dataStart = (reader.position + alignment - 1) / alignment * alignment
        let room = reader.bytes.count - dataStart
        let offsets = infos.map(\.offset).sorted()
        for info in infos {
            reader.name = info.name
            guard info.offset % UInt64(alignment) == 0 else {
                throw reader.fault(
                    .offset, "an offset that is a multiple of \(alignment)", "\(info.offset)", at: info.start)
            }
            let byteCount = info.byteCount ?? Self.distance(from: info.offset, to: offsets, room: room)
            guard room >= byteCount, info.offset <= UInt64(room - byteCount) else {
                throw reader.fault(
                    .truncated,
                    "\(byteCount) bytes at \(info.offset) within \(max(room, 0)) bytes of data",
                    "a file of \(reader.bytes.count) bytes", at: info.start)
            }
            let start = dataStart + Int(info.offset)
            entries.append(
                GGUFFile.Entry(
                    name: info.name, elementType: GGUFElementType(rawValue: info.typeNumber),
                    typeNumber: info.typeNumber, shape: info.shape, byteRange: start..<start + byteCount))
        }
        try checkOverlaps(reader)
    }

    /// The bytes from a tensor of an unknown type to the next one, or to the end of the data.
    ///
    /// - Parameter offsets: Those of all tensors, sorted.
    private static func distance(from offset: UInt64, to offsets: [UInt64], room: Int) -> Int {
        // A place beyond the end is told as such.
        guard room >= 0, offset < UInt64(room) else { return 0 }
        // The first of the sorted offsets that is greater.
        var (low, high) = (0, offsets.count)
        while low < high {
            let middle = (low + high) / 2
            if offsets[middle] > offset { high = middle } else { low = middle + 1 }
        }
        let next = low < offsets.count ? offsets[low] : UInt64(room)
        return Int(min(next, UInt64(room)) - offset)
    }

    private func checkOverlaps(_ reader: GGUFReader) throws(GGUFError) {
        let ordered = entries.filter { !$0.byteRange.isEmpty }
            .sorted { $0.byteRange.lowerBound < $1.byteRange.lowerBound }
        for (first, second) in zip(ordered, ordered.dropFirst())
        where second.byteRange.lowerBound < first.byteRange.upperBound {
            var reader = reader
            reader.name = second.name
            throw reader.fault(
                .overlap, "data behind \(first.byteRange.upperBound), where '\(first.name)' ends",
                "an overlap", at: second.byteRange.lowerBound)
        }
    }
}
