import AttentionFiles

extension Reader {
    /// The header, and every tensor's bytes.
    static let safetensors = Reader(name: "safetensors", errors: [SafetensorsError.self]) { bytes in
        let file = try SafetensorsFile(content: bytes, label: "input")
        for entry in file.entries {
            precondition(entry.byteRange.upperBound <= bytes.count)
            let tensor = try file.storedTensor(named: entry.name)!
            tensor.withUnsafeBytes { precondition($0.elementsEqual(bytes[entry.byteRange])) }
        }
    }
}
