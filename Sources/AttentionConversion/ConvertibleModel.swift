import AttentionFiles
import AttentionJSON
import AttentionModels
import AttentionTemplates
import AttentionTensors
import AttentionTokenizers
import Foundation

/// A model to be written as a GGUF file: a folder or another GGUF file.
struct ConvertibleModel {
    /// A tensor of the file to be.
    struct Tensor {
        let name: String
        let shape: Shape
        /// Nil where the tensor has to be changed first.
        let storedType: ElementType?
        /// As it is stored; nil where it has to be changed first.
        let stored: () throws -> StoredTensor?
        let numbers: () throws -> AttentionTensors.Tensor

        /// Whether it holds whole numbers, which are not rounded.
        var isInteger: Bool {
            switch storedType {
            case .int64, .int32, .int16, .int8: true
            default: false
            }
        }
    }

    let metadata: [(key: String, value: GGUFValue)]
    let tensors: [Tensor]

    init(path: String) throws {
        if GGUFFile.isOne(at: path) {
            try self.init(gguf: GGUFFile(path: path))
        } else {
            try self.init(folder: ModelFolder(path: path))
        }
    }

    private init(gguf file: GGUFFile) throws {
        // The result is one file, also where this is the first of several parts.
        metadata = file.keys.filter { !ExactString($0).hasPrefix("split.") }.compactMap { key in
            file.metadata[key].map { (key: key, value: $0) }
        }
        tensors = file.entries.map { entry in
            Tensor(
                name: entry.name, shape: entry.shape, storedType: entry.elementType?.elementType,
                stored: { try file.storedTensor(named: entry.name) },
                numbers: { try file.tensor(entry.name, shape: entry.shape) })
        }
    }

    private init(folder: ModelFolder) throws {
        let description = try folder.description(.decoder)
        let weights = try folder.weights()
        let form: GGUFForm
        do {
            form = try description.ggufForm(of: weights)
        } catch let error as ModelConfigurationError {
            throw ModelFileError(error, file: "\(folder.path)/config.json", architectureField: "model_type")
        }
        let name = lastName(of: folder.path)
        var metadata = form.metadata.map { (key: $0.key, value: GGUFValue($0.value)) }
        metadata.insert((key: "general.name", value: .string(name)), at: min(1, metadata.count))
        self.metadata =
            metadata
            + (try Self.tokenizer(of: folder, count: description.configuration.vocabulary))
        tensors = form.tensors.map { tensor in
            Tensor(
                name: tensor.name, shape: tensor.shape, storedType: nil, stored: { nil },
                numbers: tensor.numbers)
        }
    }

    /// The keys `tokenizer.…`. A folder without a tokenizer makes a file that says so.
    private static func tokenizer(of folder: ModelFolder, count: Int) throws -> [(
        key: String, value: GGUFValue
    )] {
        let description: TokenizerDescription
        do {
            description = try TokenizerDescription(folder: URL(fileURLWithPath: folder.path), count: count)
        } catch TokenizerError.noTokenizerFile {
            return [(key: "tokenizer.ggml.model", value: .string("no_vocab"))]
        }
        let templates = try ChatFormat.sources(folder: URL(fileURLWithPath: folder.path))
        return description.ggufValues + GGUFChatTemplates.values(templates)
    }
}

extension GGUFValue {
    /// In the types that llama.cpp expects.
    fileprivate init(_ value: GGUFForm.Value) {
        switch value {
        case .text(let text): self = .string(text)
        case .integer(let number): self = .uint32(UInt32(clamping: number))
        case .number(let number): self = .float32(Float(number))
        }
    }
}

extension TokenizerDescription {
    /// The keys `tokenizer.ggml.…` that mean this.
    var ggufValues: [(key: String, value: GGUFValue)] {
        var values: [(key: String, value: GGUFValue)] = []
        func set(_ key: String, _ value: GGUFValue?) {
            if let value { values.append((key: "tokenizer.ggml.\(key)", value: value)) }
        }
        func id(_ number: Int?) -> GGUFValue? { number.map { .uint32(UInt32(clamping: $0)) } }
        set("model", .string(model))
        set("pre", .string(preTokenizer ?? "default"))
        set("tokens", .array(GGUFArray(tokens)))
        set("scores", scores.map { .array(GGUFArray($0)) })
        set("token_type", kinds.map { .array(GGUFArray($0.map { Int32(clamping: $0) })) })
        set("merges", merges.map { .array(GGUFArray($0)) })
        set("precompiled_charsmap", characterMap.map { .array(GGUFArray($0)) })
        set("bos_token_id", id(beginID))
        set("eos_token_id", id(endID))
        set("unknown_token_id", id(unknownID))
        set("seperator_token_id", id(separatorID))  // misspelt in the format
        set("padding_token_id", id(paddingID))
        set("mask_token_id", id(maskID))
        set("cls_token_id", id(classID))
        set("add_bos_token", addsBegin.map { .bool($0) })
        set("add_eos_token", addsEnd.map { .bool($0) })
        set("add_space_prefix", addsSpacePrefix.map { .bool($0) })
        set("remove_extra_whitespaces", removesExtraWhitespaces.map { .bool($0) })
        return values
    }
}
