import AttentionJSON
import AttentionTensors

/// A checkpoint of llama2.c (https://github.com/karpathy/llama2.c): a Llama in float32, in the first,
/// unmarked form or in version 1, or in whole numbers of 8 bits, version 2. Its tensors and metadata have the
/// names that they have in GGUF files, so that what reads those reads this too.
///
/// Version 2's groups of numbers that share a scale are of any length and may go over the ends of rows, as no
/// type of blocks does: its matrices are handed out as the float32 numbers that they mean, four times as
/// large as in the file.
public struct Llama2CFile: WeightSource {
    /// The file's path.
    public let path: String
    /// The metadata that a GGUF file of such a model has.
    public let metadata: [(key: String, value: GGUFValue)]
    private let groupSize: Int?
    private let storage: TensorStorage
    private let places: [ExactString: (shape: Shape, bytes: Range<Int>)]

    public var label: String { path }
    public var tensorNames: [String] { places.keys.sorted().map(\.string) }
    public func contains(_ name: String) -> Bool { places[ExactString(name)] != nil }

    /// Maps the file and checks that it holds exactly what its header says.
    ///
    /// - Throws: ``ModelFileError``.
    public init(path: String) throws {
        let mapping = try MappedFile(path: path)
        let header = try Llama2CHeader(mapping.bytes, path: path)
        var places: [ExactString: (shape: Shape, bytes: Range<Int>)] = [:]
        var offset = header.byteCount
        for tensor in header.tensors {
            // The header has made sure that the sum fits.
            let end = offset + header.byteCount(of: tensor.shape)
            if let name = tensor.name { places[ExactString(name)] = (tensor.shape, offset..<end) }
            offset = end
        }
        self.path = path
        self.places = places
        storage = TensorStorage(borrowing: mapping.bytes, from: mapping)
        groupSize = header.groupSize
        metadata = header.metadata
    }

    public func storedTensor(named name: String) throws -> StoredTensor? {
        guard let (shape, bytes) = places[ExactString(name)] else { return nil }
        if let groupSize, shape.rank == 2 {
            return StoredTensor(name: name, numbers(shape, bytes, groupSize: groupSize))
        }
        return try StoredTensor(name: name, elementType: .float32, shape: shape, bytes: bytes, in: storage)
    }

    /// Whole numbers times their groups' scales, which stand behind all of them.
    private func numbers(_ shape: Shape, _ bytes: Range<Int>, groupSize: Int) -> Tensor {
        defer { withExtendedLifetime(storage) {} }
        // The range lies within the file: the header has been checked against its size.
        let bytes = UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(start: storage.baseAddress, count: storage.byteCount)[bytes])
        let count = shape.elementCount
        return Tensor(shape: shape) { numbers in
            for group in 0..<count / groupSize {
                let bits = bytes.loadUnaligned(fromByteOffset: count + 4 * group, as: UInt32.self)
                let scale = Float(bitPattern: UInt32(littleEndian: bits))
                for index in group * groupSize..<(group + 1) * groupSize {
                    (numbers.baseAddress! + index).initialize(
                        to: Float(Int8(bitPattern: bytes[index])) * scale)
                }
            }
        }
    }
}
