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

    init(_ file: ModelFile) throws {
        switch file.container {
        case .folder: try self.init(converting: file)
        case .gguf(let file): self.init(file)
        }
    }

    private init(_ file: GGUFFile) {
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

    /// A model in the reference library's form.
    private init(converting file: ModelFile) throws {
        let description = try ModelDescription(file, expecting: .decoder)
        let weights = try file.weights()
        let form: GGUFForm
        do {
            form = try description.ggufForm(of: weights)
        } catch let error as ModelConfigurationError {
            throw ModelFileError(error, in: file)
        }
        var metadata = form.metadata.map { (key: $0.key, value: GGUFValue($0.value)) }
        metadata.insert((key: GGUFKey.name, value: .string(file.name)), at: min(1, metadata.count))
        self.metadata =
            metadata
            + (try Self.tokenizer(of: file, count: description.configuration.vocabulary))
        tensors = form.tensors.map { tensor in
            Tensor(
                name: tensor.name, shape: tensor.shape, storedType: nil, stored: { nil },
                numbers: tensor.numbers)
        }
    }

    /// The keys `tokenizer.…`. A folder without a tokenizer makes a file that says so.
    private static func tokenizer(
        of file: ModelFile, count: Int
    ) throws -> [(key: String, value: GGUFValue)] {
        let description: TokenizerDescription
        do {
            description = try TokenizerDescription(folder: URL(fileURLWithPath: file.path), count: count)
        } catch TokenizerError.noTokenizerFile {
            return TokenizerDescription.ggufValuesOfNone
        }
        return description.ggufValues + ChatFormat.ggufValues(try ChatFormat.sources(of: file))
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
