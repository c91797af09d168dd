import AttentionFiles
import AttentionJSON
import AttentionTensors

/// Writes a model as a GGUF file with its matrices rounded to fewer bits.
///
/// ```swift
/// let quantizer = try ModelQuantizer(path: "Qwen3-0.6B", mixture: .q4_K_M)
/// let errors = try quantizer.write(to: "Qwen3-0.6B-q4_K_M.gguf")
/// print(errors.total)          // 0.06: the relative error, root mean square over all weights
/// ```
///
/// ``QuantizationMixture`` says which tensors take which type.
public struct ModelQuantizer {
    /// The errors of rounding.
    public struct Errors: Sendable {
        /// The tensors of one part in all layers, such as `attn_q`, or of another type.
        public struct Part: Sendable {
            /// The part's name.
            public let name: String
            /// The type that the part is written in.
            public let elementType: ElementType
            /// The number of its tensors.
            public fileprivate(set) var tensors = 0
            /// The bytes that they take when they are written.
            public fileprivate(set) var byteCount = 0
            fileprivate var sums = Sums()

            /// √(Σ (ŵ − w)² / Σ w²)
            public var relative: Double { sums.relative }
        }

        /// In the order of their first tensors.
        public fileprivate(set) var parts: [Part] = []
        /// Over all weights.
        public var total: Double {
            parts.reduce(into: Sums()) { $0.add($1.sums) }.relative
        }
        /// The bytes of all parts.
        public var byteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }
    }

    fileprivate struct Sums: Sendable {
        var errors = 0.0
        var squares = 0.0
        var relative: Double { squares == 0 ? 0 : (errors / squares).squareRoot() }

        mutating func add(_ other: Sums) {
            errors += other.errors
            squares += other.squares
        }
    }

    private let file: ModelFile
    private let source: ConvertibleModel
    private let writer: GGUFWriter

    /// All matrices in one type, as far as it fits them: ``QuantizationMixture/uniform(_:)``.
    ///
    /// - Throws: As ``init(path:mixture:)``.
    public init(path: String, type: ElementType) throws { try self.init(path: path, mixture: .uniform(type)) }

    /// - Parameters:
    ///   - path: A model folder as the Hugging Face hub has it, or a GGUF file (the first, of a model in
    ///     several).
    ///   - mixture: Which tensors take which type.
    /// - Throws: `ModelFileError`, `GGUFError`, `SafetensorsError`, `TokenizerError` or `TensorError`.
    public init(path: String, mixture: QuantizationMixture) throws {
        try self.init(ModelFile(path: path), mixture: mixture)
    }

    /// - Parameters:
    ///   - file: The model.
    ///   - mixture: Which tensors take which type.
    /// - Throws: As ``init(path:mixture:)``.
    public init(_ file: ModelFile, mixture: QuantizationMixture) throws {
        self.file = file
        source = try ConvertibleModel(file)
        let types = mixture.types(of: source)
        let plans = zip(source.tensors, types).map { tensor, type in
            GGUFWriter.Plan(name: tensor.name, elementType: type, shape: tensor.shape)
        }
        let own = [GGUFKey.fileType, GGUFKey.quantizationVersion]
        var metadata = source.metadata.filter { !own.contains(exactly: $0.key) }
        metadata += [
            (key: own[0], value: .uint32(mixture.fileType)), (key: own[1], value: .uint32(2)),
        ]
        writer = try GGUFWriter(metadata: metadata, tensors: plans)
    }

    /// The bytes of all tensors as they will be written.
    public var byteCount: Int {
        writer.tensors.reduce(0) { $0 + ($1.elementType.byteCount(of: $1.shape) ?? 0) }
    }

    /// - Parameters:
    ///   - path: Where the file goes; what is there is replaced once the new one is complete. It cannot be a
    ///     file of the model itself, which has more bits than what it would be replaced by.
    ///   - progress: Is told how many bytes of tensors are done.
    /// - Returns: What it cost.
    /// - Throws: As ``init(path:mixture:)``.
    public func write(to path: String, progress: (_ bytes: Int) -> Void = { _ in }) throws -> Errors {
        try AtomicFile.check(path, isNotOf: file.path)
        var errors = Errors()
        var remaining = source.tensors[...]
        var done = 0
        try writer.write(to: path) { plan in
            guard let tensor = remaining.popFirst() else {
                throw ModelFileError.cannotWrite(file: path, reason: "'\(plan.name)' is not there")
            }
            let (stored, sums) = try rounded(tensor, plan)
            errors.add(plan, stored, sums)
            done += stored.byteCount
            progress(done)
            return stored
        }
        return errors
    }

    private func rounded(
        _ tensor: ConvertibleModel.Tensor, _ plan: GGUFWriter.Plan
    ) throws -> (StoredTensor, Sums) {
        if let stored = try tensor.stored(), stored.elementType == plan.elementType {
            defer { stored.releasePages() }
            return (stored, tensor.isInteger ? Sums() : try sums(stored.float32(), nil))
        }
        let numbers = try tensor.numbers()
        let stored = try StoredTensor(name: plan.name, numbers, quantizedTo: plan.elementType)
        let back = plan.elementType == .float32 ? nil : try stored.float32()
        try tensor.stored()?.releasePages()
        return (stored, try sums(numbers, back))
    }

    /// Pieces of 64 Ki numbers, added in their order.
    private func sums(_ numbers: Tensor, _ rounded: Tensor?) throws -> Sums {
        let numbers = numbers.contiguous()
        let pieces = (numbers.elementCount + 65_535) / 65_536
        let parts = [Sums](unsafeUninitializedCapacity: pieces) { sums, count in
            numbers.withUnsafeBuffer { numbers in
                (rounded ?? .zeros([0])).withUnsafeBuffer { rounded in
                    WorkerPool.current.run(count: pieces) { piece, _ in
                        var part = Sums()
                        for index in piece * 65_536..<min((piece + 1) * 65_536, numbers.count) {
                            let number = Double(numbers[index])
                            part.squares += number * number
                            guard !rounded.isEmpty else { continue }
                            let error = Double(rounded[index]) - number
                            part.errors += error * error
                        }
                        (sums.baseAddress! + piece).initialize(to: part)
                    }
                }
            }
            count = pieces
        }
        return parts.reduce(into: Sums()) { $0.add($1) }
    }
}

extension ModelQuantizer.Errors {
    fileprivate mutating func add(
        _ plan: GGUFWriter.Plan, _ stored: StoredTensor, _ sums: ModelQuantizer.Sums
    ) {
        var words = ExactString(plan.name).split(separator: ".")
        if words.first == "blk" { words = Array(words.dropFirst(2)) }
        if words.last == "weight" { words.removeLast() }
        let name = ExactString(words.map(\.string).joined(separator: "."))
        var index =
            parts.firstIndex { ExactString($0.name) == name && $0.elementType == plan.elementType }
            ?? parts.count
        if index == parts.count {
            parts.append(Part(name: name.string, elementType: plan.elementType))
            index = parts.count - 1
        }
        parts[index].tensors += 1
        parts[index].byteCount += stored.byteCount
        parts[index].sums.add(sums)
    }
}
