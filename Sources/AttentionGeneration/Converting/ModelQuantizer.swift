import AttentionFiles
import AttentionTensors

/// Writes a model as a GGUF file with its matrices rounded to fewer bits.
///
/// ```swift
/// let quantizer = try ModelQuantizer(path: "Qwen3-0.6B", type: .q4_K)
/// let errors = try quantizer.write(to: "Qwen3-0.6B-q4_K.gguf")
/// print(errors.total)          // 0.07: the relative error, root mean square over all weights
/// ```
///
/// As with llama.cpp, only matrices change: norms, biases and tables of positions stay in float32. The head, or a table of
/// tokens that is the head too, takes q6_K where `type` has fewer bits; a matrix whose rows are not whole blocks of 256
/// takes a type with blocks of 32, or float16.
public struct ModelQuantizer {
    /// What rounding costs.
    public struct Errors: Sendable {
        /// The tensors of one part in all layers, such as `attn_q`, or of another type.
        public struct Part: Sendable {
            public let name: String
            public let elementType: ElementType
            public fileprivate(set) var tensors = 0
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

    /// The types that models can be written in.
    public static var types: [ElementType] { ElementType.allCases.filter(\.canBeQuantizedTo) }

    private let path: String
    private let source: ModelSource
    private let type: ElementType
    private let writer: GGUFWriter

    /// - Parameters:
    ///   - path: A model folder as the Hugging Face hub has it, or a GGUF file.
    ///   - type: One of ``types``.
    /// - Throws: `ModelFileError`, `GGUFError`, `SafetensorsError`, `TokenizerError` or `TensorError`.
    public init(path: String, type: ElementType) throws {
        self.path = path
        source = try ModelSource(path: path)
        self.type = type
        let isHeadTied = !source.tensors.contains { $0.name == "output.weight" }
        let plans = source.tensors.map { tensor in
            GGUFWriter.Plan(
                name: tensor.name,
                elementType: Self.type(of: tensor, rounding: type, isHeadTied: isHeadTied),
                shape: tensor.shape)
        }
        let own = ["general.file_type", "general.quantization_version"]
        var metadata = source.metadata.filter { !own.contains($0.key) }
        metadata += [
            (key: own[0], value: .uint32(Self.fileType(type))), (key: own[1], value: .uint32(2)),
        ]
        writer = try GGUFWriter(metadata: metadata, tensors: plans)
    }

    /// The bytes of all tensors as they will be written.
    public var byteCount: Int {
        writer.tensors.reduce(0) { $0 + ($1.elementType.byteCount(of: $1.shape) ?? 0) }
    }

    /// - Parameters:
    ///   - path: Where the file goes; what is there is replaced once the new one is complete. It cannot be a file of
    ///     the model itself, which has more bits than what it would be replaced by.
    ///   - progress: Is told how many bytes of tensors are done.
    /// - Returns: What it cost.
    /// - Throws: As ``init(path:type:)``.
    public func write(to path: String, progress: (_ bytes: Int) -> Void = { _ in }) throws -> Errors {
        try AtomicFile.check(path, isNotOf: self.path)
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
        _ tensor: ModelSource.Tensor, _ plan: GGUFWriter.Plan
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
        var words = plan.name.split(separator: ".")
        if words.first == "blk" { words = Array(words.dropFirst(2)) }
        if words.last == "weight" { words.removeLast() }
        let name = words.joined(separator: ".")
        var index = parts.firstIndex { $0.name == name && $0.elementType == plan.elementType } ?? parts.count
        if index == parts.count {
            parts.append(Part(name: name, elementType: plan.elementType))
            index = parts.count - 1
        }
        parts[index].tensors += 1
        parts[index].byteCount += stored.byteCount
        parts[index].sums.add(sums)
    }
}

// MARK: Which tensors take which type

extension ModelQuantizer {
    private static func type(
        of tensor: ModelSource.Tensor, rounding type: ElementType, isHeadTied: Bool
    ) -> ElementType {
        let name = tensor.name
        if tensor.isInteger, let stored = tensor.storedType { return stored }
        let isKept =
            tensor.shape.rank < 2 || !name.hasSuffix(".weight") || name.contains("norm")
            || name.contains("position_embd") || name.contains("token_types") || name.contains("ffn_gate_inp")
        if isKept { return .float32 }
        let isHead = name == "output.weight" || (isHeadTied && name == "token_embd.weight")
        var type = type
        if isHead, bits(type) < bits(.q6_K) { type = .q6_K }
        return fitting(type, width: tensor.shape.last ?? 1)
    }

    private static func bits(_ type: ElementType) -> Double {
        Double(type.byteWidth) / Double(type.blockLength) * 8
    }

    /// `type`, or one with more bits whose blocks fill the rows.
    private static func fitting(_ type: ElementType, width: Int) -> ElementType {
        var type = type
        if width % type.blockLength != 0 {
            switch type {
            case .q4_K: type = .q5_0
            case .q5_K: type = .q5_1
            case .q6_K: type = .q8_0
            default: type = .float16
            }
        }
        return width % type.blockLength == 0 ? type : .float16
    }

    /// llama.cpp's number of what most tensors are.
    private static func fileType(_ type: ElementType) -> UInt32 {
        switch type {
        case .float32: 0
        case .float16: 1
        case .q4_0: 2
        case .q4_1: 3
        case .q8_0: 7
        case .q5_0: 8
        case .q5_1: 9
        case .q4_K: 14
        case .q5_K: 16
        case .q6_K: 18
        case .bfloat16: 32
        default: 1024  // guessed
        }
    }
}
