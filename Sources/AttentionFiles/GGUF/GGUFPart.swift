import AttentionJSON
import AttentionTensors

/// One of the files that hold a model, mapped, its header checked.
///
/// A model in several files says so in each: `split.count` is their number, `split.no` a file's place among
/// them from 0, and `split.tensors.count` the number of tensors in all. The first file has the metadata.
struct GGUFPart: Sendable {
    static let numberKey = "split.no"
    static let countKey = "split.count"
    static let tensorCountKey = "split.tensors.count"

    let path: String
    let header: GGUFHeader
    let storage: TensorStorage

    init(path: String) throws {
        let mapping = try MappedFile(path: path)
        try self.init(TensorStorage(borrowing: mapping.bytes, from: mapping, isMappedFile: true), path: path)
    }

    init(_ storage: TensorStorage, path: String) throws(GGUFError) {
        defer { withExtendedLifetime(storage) {} }
        header = try GGUFHeader(
            UnsafeRawBufferPointer(start: storage.baseAddress, count: storage.byteCount), file: path)
        self.path = path
        self.storage = storage
    }

    /// The number of files that hold the model.
    func count() throws(GGUFError) -> Int {
        guard header.metadata[Self.countKey] != nil else { return 1 }
        return max(try number(Self.countKey), 1)
    }

    /// The files that follow this one.
    ///
    /// - Throws: ``GGUFError`` if this is not the first of them, or one of them is not what its name says;
    ///   ``ModelFileError`` if one is not there.
    func others() throws -> [GGUFPart] {
        let count = try count()
        guard count > 1 else { return [] }
        let name = GGUFPartName(path)
        guard try number(Self.numberKey) == 0 else {
            throw fault(
                Self.numberKey, "the first of the model's \(count) files, \(name?[1] ?? "whose number is 0")",
                "number \(try number(Self.numberKey)), counted from 0")
        }
        guard let name, name.number == 1, name.count == count else {
            throw fault(
                Self.countKey, "a file's name that ends in \(GGUFPartName.ending(1, of: count))", "another")
        }
        var parts: [GGUFPart] = []
        // One by one: the next is not looked for before this one is known to be right.
        for number in 2...count { parts.append(try part(number, of: count, at: name[number])) }
        return parts
    }

    private func part(_ number: Int, of count: Int, at path: String) throws -> GGUFPart {
        guard FileKind(path: path) != nil else {
            let (folder, name) = folderAndName(ofFile: path)
            throw ModelFileError.missingFile(
                name: name, folder: folder,
                advice:
                    "It is file \(number) of the \(count) that hold the model: fetch it, or copy it there.")
        }
        let part = try GGUFPart(path: path)
        for (key, expected) in [
            (Self.numberKey, number - 1), (Self.countKey, count),
            (Self.tensorCountKey, try self.number(Self.tensorCountKey)),
        ] {
            let found = try part.number(key)
            guard found == expected else {
                throw part.fault(key, "\(expected), as a part of \(self.path)", "\(found)")
            }
        }
        return part
    }

    /// One of the three numbers; a part without it is none.
    func number(_ key: String) throws(GGUFError) -> Int {
        guard let value = header.metadata[key] else {
            throw fault(key, "a number in each of a model's files", "nothing of this name")
        }
        // 16 bits in files, but for the number of tensors.
        guard let number = value.integer, (0...Int(Int32.max)).contains(number),
            ExactString(key) == ExactString(Self.tensorCountKey) || number <= Int(UInt16.max)
        else {
            throw fault(
                key, "a whole number that its type holds", value.integer.map { "\($0)" } ?? "\(value.kind)")
        }
        return number
    }

    func fault(_ key: String, _ expected: String, _ found: String) -> GGUFError {
        GGUFError(problem: .part, file: path, name: key, offset: nil, expected: expected, found: found)
    }
}
