/// The contents of a SentencePiece model, from its own file or from GGUF.
struct SentencePieceModel: Sendable {
    enum Algorithm { case bytePair, unigram }

    /// The kind of a piece, numbered as in the files.
    enum Kind: Int {
        case normal = 1
        case unknown, control, userDefined, unused, byte
    }

    /// The places where a space is put before text that has none.
    enum Prefix: Sendable {
        case never
        /// Before every stretch of text between added tokens.
        case always
        /// Before those that do not begin with a space.
        case unlessSpace
        /// Before the beginning of the text, if no space stands there.
        case atStart
    }

    struct Piece {
        var text = ""
        var score: Float = 0
        var kind = Kind.normal
    }

    var algorithm = Algorithm.unigram
    var pieces: [Piece] = []
    var characterMap: [UInt8] = []
    var prefix = Prefix.always
    var removesExtraSpaces = true
    var fallsBackToBytes = false
    var beginID: Int?
    var endID: Int?
    /// Whether texts begin with the begin token, and end with the end token.
    var addsBegin: Bool?
    var addsEnd: Bool?
    /// Whether user-defined pieces are found before text is normalised, as llama.cpp does, and not after.
    var findsUserDefinedFirst = false
}

/// Reads `tokenizer.model`, a message `ModelProto` of sentencepiece_model.proto.
extension SentencePieceModel {
    init(reading bytes: [UInt8], file: String) throws(TokenizerError) {
        var settings = Settings()
        var reader = ProtobufReader(bytes[...], file: file)
        while let (field, value) = try reader.next() {
            guard case .bytes(let message) = value else { continue }
            switch field {
            case 1: pieces.append(try Self.piece(message, file: file))
            case 2: try settings.readTraining(message, file: file)
            case 3: try readNormalization(message, file: file)
            default: break
            }
        }
        guard !pieces.isEmpty else {
            throw .invalidData(
                file: file, offset: 0, reason: "it holds no pieces, so it is no SentencePiece model")
        }
        algorithm = try settings.algorithm(file: file)
        fallsBackToBytes = settings.fallsBackToBytes
        beginID = pieces.indices.contains(settings.beginID) ? settings.beginID : nil
        endID = pieces.indices.contains(settings.endID) ? settings.endID : nil
    }

    /// `SentencePiece`: the text (1), the score (2) and the kind (3).
    private static func piece(_ message: ArraySlice<UInt8>, file: String) throws(TokenizerError) -> Piece {
        var piece = Piece()
        var reader = ProtobufReader(message, file: file)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let bytes)):
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw reader.damage(bytes.startIndex, "a piece is not valid UTF-8")
                }
                piece.text = text
            case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .number(let number)):
                guard let kind = Int(exactly: number).flatMap({ Kind(rawValue: $0) }) else {
                    throw reader.damage(message.startIndex, "a piece has the unknown type \(number)")
                }
                piece.kind = kind
            default: break
            }
        }
        guard piece.score.isFinite else {
            throw reader.damage(message.startIndex, "the piece '\(piece.text)' has the score \(piece.score)")
        }
        return piece
    }

    /// `NormalizerSpec`: the table (2), and whether a prefix is added (3), spaces are dropped (4) and
    /// escaped (5).
    private mutating func readNormalization(_ message: ArraySlice<UInt8>, file: String) throws(TokenizerError)
    {
        var reader = ProtobufReader(message, file: file)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (2, .bytes(let bytes)): characterMap = Array(bytes)
            case (3, .number(let number)): prefix = number != 0 ? .always : .never
            case (4, .number(let number)): removesExtraSpaces = number != 0
            case (5, .number(0)):
                throw .unsupported(
                    file: file, field: "normalizer_spec.escape_whitespaces", found: "false",
                    supported: ["true"])
            default: break
            }
        }
    }

    /// `TrainerSpec`, as far as it matters later.
    private struct Settings {
        var type: UInt64 = 1
        var fallsBackToBytes = false
        var beginID = 1
        var endID = 2

        mutating func readTraining(_ message: ArraySlice<UInt8>, file: String) throws(TokenizerError) {
            var reader = ProtobufReader(message, file: file)
            while let (field, value) = try reader.next() {
                guard case .number(let number) = value else { continue }
                switch field {
                case 3: type = number
                case 24 where number != 0:
                    throw .unsupported(
                        file: file, field: "trainer_spec.treat_whitespace_as_suffix", found: "true",
                        supported: ["false"])
                case 35: fallsBackToBytes = number != 0
                // Ids are signed; -1 is none.
                case 41: beginID = Int(truncatingIfNeeded: number)
                case 42: endID = Int(truncatingIfNeeded: number)
                default: break
                }
            }
        }

        func algorithm(file: String) throws(TokenizerError) -> Algorithm {
            switch type {
            case 1: return .unigram
            case 2: return .bytePair
            default:
                throw .unsupported(
                    file: file, field: "trainer_spec.model_type", found: "\(type)",
                    supported: ["1 (unigram)", "2 (byte pairs)"])
            }
        }
    }
}
