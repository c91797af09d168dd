import AttentionJSON
import AttentionTensors

/// Writes `.safetensors` files. The same tensors always give the same bytes, in whatever order they come.
public enum SafetensorsWriter {
    /// Writes `tensors` to `path`, replacing what is there only once the new file is complete.
    ///
    /// Tensors are sorted as the reference implementation sorts them (by type, widest first, then by
    /// name), and the data begins at a multiple of eight bytes, so that every tensor is aligned. Tensors
    /// are streamed; no second copy of them is made in memory.
    ///
    /// - Throws: ``ModelFileError`` if two tensors have the same name, one is called `__metadata__`,
    ///   one is stored in blocks, the header exceeds 100 MB, or the file cannot be written.
    public static func write(
        _ tensors: [StoredTensor], metadata: [String: String] = [:], to path: String
    ) throws {
        try checkTypes(of: tensors, path: path)
        let ordered = tensors.sorted(by: precedes)
        try checkNames(of: ordered, path: path)
        let header = try header(of: ordered, metadata: metadata, path: path)
        try AtomicFile.replace(path) { append in
            try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try append($0) }
            try header.withUnsafeBytes { try append($0) }
            for tensor in ordered { try tensor.withUnsafeBytes { bytes in try append(bytes) } }
        }
    }

    private static func precedes(_ first: StoredTensor, _ second: StoredTensor) -> Bool {
        let ranks = [first, second].map { SafetensorsElementType($0.elementType)?.rank ?? 0 }
        return ranks[0] != ranks[1]
            ? ranks[0] < ranks[1] : first.name.utf8.lexicographicallyPrecedes(second.name.utf8)
    }

    private static func checkTypes(of tensors: [StoredTensor], path: String) throws(ModelFileError) {
        guard let tensor = tensors.first(where: { SafetensorsElementType($0.elementType) == nil }) else {
            return
        }
        let reason =
            "\(quoted(tensor.name)) is stored as \(tensor.elementType.rawValue), which the format does not have"
        throw .cannotWrite(file: path, reason: reason)
    }

    private static func checkNames(of tensors: [StoredTensor], path: String) throws(ModelFileError) {
        let reserved = ExactString(SafetensorsHeader.metadataKey)
        var seen: Set<ExactString> = [reserved]
        for tensor in tensors where !seen.insert(ExactString(tensor.name)).inserted {
            let reason =
                ExactString(tensor.name) == reserved
                ? "is the name of the notes, not of a tensor" : "is the name of two tensors"
            throw .cannotWrite(file: path, reason: "\(quoted(tensor.name)) \(reason)")
        }
    }

    private static func header(
        of tensors: [StoredTensor], metadata: [String: String], path: String
    ) throws(ModelFileError) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let notes = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                .map { "\(jsonString($0.key)):\(jsonString($0.value))" }
            members.append("\(jsonString(SafetensorsHeader.metadataKey)):{\(notes.joined(separator: ","))}")
        }
        var offset = 0
        for tensor in tensors {
            let (end, overflow) = offset.addingReportingOverflow(tensor.byteCount)
            guard !overflow else { throw .cannotWrite(file: path, reason: "the tensors are too large") }
            // `checkTypes` has refused a type without a name.
            let type = SafetensorsElementType(tensor.elementType)?.rawValue ?? ""
            let extents = tensor.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(jsonString(tensor.name)):{\"dtype\":\"\(type)\","
                    + "\"shape\":[\(extents)],\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var header = Array("{\(members.joined(separator: ","))}".utf8)
        header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        guard header.count <= SafetensorsHeader.greatestLength else {
            throw .cannotWrite(
                file: path,
                reason:
                    "the header would have \(header.count) bytes; the limit is \(SafetensorsHeader.greatestLength)"
            )
        }
        return header
    }
}
