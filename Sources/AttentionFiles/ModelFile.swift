import AttentionTensors
import Synchronization

/// A model on disk, opened once: a folder as the Hugging Face hub lays it out, or a GGUF file.
///
/// ```swift
/// let file = try ModelFile(path: "Qwen3-0.6B-Q8_0.gguf")
/// let model = try LanguageModel(file)
/// let format = try ChatFormat(file)  // of the same header
/// ```
///
/// Whatever is read from a model takes one of these: its description, its weights, its tokenizer, its chat
/// templates, the settings with which it generates. Where a folder and a GGUF file say the same in different
/// ways, the reader of that one thing switches over ``container-swift.property``, and nothing else does.
public struct ModelFile: Sendable {
    /// The container of a model.
    public enum Container: Sendable {
        /// A folder, whose files are looked at when they are asked for.
        case folder(ModelFolder)
        /// A GGUF file, or several that hold one model. The headers have been read and checked.
        case gguf(GGUFFile)
    }

    /// The container of this model.
    public let container: Container
    private let opened = OpenedWeights()

    /// Takes a folder or a GGUF file that is open already.
    public init(_ container: Container) { self.container = container }

    /// Opens a model's folder, a GGUF file, the first of several that hold one model, or a folder with one
    /// GGUF model and no `config.json`.
    ///
    /// - Throws: ``ModelFileError`` for a path that leads to none of these; ``GGUFError`` for a file that is
    ///   not sound.
    public init(path: String) throws {
        self.init(
            try GGUFFile.isOne(at: path)
                ? .gguf(GGUFFile(path: path)) : .folder(ModelFolder(path: path)))
    }

    /// Whether a path leads to a folder or to a GGUF file, and so not to one file of a folder, such as
    /// `tokenizer.json`.
    public static func isOne(at path: String) -> Bool {
        FileKind(path: path) == .folder || GGUFFile.isOne(at: path)
    }

    /// The path of the folder, or of the GGUF file, of several the first.
    public var path: String {
        switch container {
        case .folder(let folder): folder.path
        case .gguf(let file): file.path
        }
    }

    /// The folder's or the file's own name.
    public var name: String { lastName(of: path) }

    /// The architecture's name: `model_type` in `config.json`, or `general.architecture` in GGUF's metadata;
    /// nil where a GGUF file has no such key.
    ///
    /// - Throws: ``ModelFileError`` for a folder without a readable `config.json` or without a `model_type`;
    ///   ``GGUFError`` for a value of another type.
    public func architecture() throws -> String? {
        struct Fields: Decodable {
            let modelType: String

            private enum CodingKeys: String, CodingKey {
                case modelType = "model_type"
            }
        }
        switch container {
        case .folder(let folder): return try folder.decode(Fields.self).modelType
        case .gguf(let file): return try file.string(GGUFKey.architecture)
        }
    }

    /// The model's tensors by their names. They are opened when they are first asked for; whoever asks
    /// again gets the same ones.
    ///
    /// - Throws: ``ModelFileError``, also for a GGUF file that holds a vocabulary only; ``SafetensorsError``.
    public func weights() throws -> any WeightSource {
        switch container {
        case .folder(let folder): return try opened.weights { try folder.weights() }
        case .gguf(let file):
            guard file.holdsTensors else {
                throw ModelFileError.invalidField(
                    file: file.path, field: "tensors", expected: "a model's weights",
                    found: "none: the file holds a vocabulary only")
            }
            return file
        }
    }

    // MARK: Errors

    /// The file that describes the model, and the names there of the fields that errors speak of.
    package var declaration: (path: String, architecture: String, vocabulary: String) {
        switch container {
        case .folder(let folder): ("\(folder.path)/config.json", "model_type", "vocab_size")
        case .gguf(let file): (file.path, GGUFKey.architecture, "the model's vocabulary")
        }
    }

    /// Sees that a model has a row for each token of its tokenizer. Tokens that are added behind the
    /// vocabulary, such as one for padding, need none.
    ///
    /// - Parameters:
    ///   - vocabulary: V
    ///   - count: The tokens of the tokenizer's own vocabulary.
    package func check(vocabulary: Int, holdsTokens count: Int) throws(ModelFileError) {
        guard count > vocabulary else { return }
        throw .invalidField(
            file: declaration.path, field: declaration.vocabulary,
            expected: "at least the tokenizer's \(count)", found: "\(vocabulary)")
    }
}

/// The weights of a folder, opened at the first request.
private final class OpenedWeights: Sendable {
    private let source = Mutex<(any WeightSource)?>(nil)

    func weights(_ open: () throws -> any WeightSource) throws -> any WeightSource {
        try source.withLock { source in
            if let source { return source }
            let opened = try open()
            source = opened
            return opened
        }
    }
}
