import ArgumentParser
import Attention
import AttentionFiles
import AttentionGeneration
import AttentionGrammars
import AttentionHub
import AttentionMaps
import AttentionModels
import AttentionTemplates
import AttentionTensors
import AttentionTokenizers
import Foundation

/// The exit codes of a command that fails, which are those of BSD's sysexits.h. The help text of `attend` is
/// the one place that tells users of them.
enum FailureCode: Int32 {
    case usage = 64
    case badData = 65
    case noInput = 66
    case unavailable = 69
    case internalError = 70
    case cannotCreate = 73
    case inputOutput = 74
    case incomplete = 75
    case configuration = 78
}

/// The end of a command that failed: a message for people and a code for programs.
struct Failure: Error {
    let code: FailureCode
    let message: String

    init(_ code: FailureCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The failure of a model that gives numbers which are infinite or NaN.
    static func overflow(of model: String) -> Failure {
        Failure(
            .badData,
            "\(model): the model's numbers overflow: its weights are damaged. Fetch the model again.")
    }

    /// The message and the code of any module's error; nil for an error that ArgumentParser describes better.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as ModelLocatorError: self.init(Self.code(error), "\(error)")
        case let error as ModelFileError: self.init(Self.code(error), "\(error)")
        case let error as HubError: self.init(Self.code(error), "\(error)")
        case let error as TokenizerError: self.init(Self.code(error), "\(error)")
        case let error as TensorError: self.init(Self.code(error), "\(error)")
        case let error as GenerationError: self.init(Self.code(error), "\(error)")
        case is SafetensorsError, is GGUFError, is ModelConfigurationError, is AttentionMapError,
            is GrammarMatchError, is KeyValueCacheError, is SchedulerError,
            is ChatTemplateError,
            is ConversationError:
            self.init(.badData, "\(error)")
        default:
            if Attend.exitCode(for: error) != .failure { return nil }
            self.init(.internalError, "unexpected: \(error)")
        }
    }

    private static func code(_ error: ModelLocatorError) -> FailureCode {
        switch error {
        case .invalidName, .ambiguous: .usage
        case .notFound, .incomplete, .partial: .noInput
        }
    }

    private static func code(_ error: ModelFileError) -> FailureCode {
        // exact-text: operations have names of the program's own.
        switch error {
        case .notAFolder(let path, _) where FileManager.default.fileExists(atPath: path): .badData
        case .system(operation: "open", _, _), .notAFolder, .missingFile: .noInput
        case .system(operation: "create", _, _), .system(operation: "replace", _, _),
            .system(operation: "write to", _, _):
            .cannotCreate
        case .system: .inputOutput
        case .unknownFormat, .notAFile, .empty, .tooLarge, .invalidJSON, .invalidField: .badData
        case .cannotWrite: .cannotCreate
        }
    }

    private static func code(_ error: HubError) -> FailureCode {
        switch error {
        case .invalidSetting: .configuration
        case .offline, .unreachable, .untrusted, .refused, .invalidAnswer, .noAccess: .unavailable
        case .noModel, .noRevision, .noFile: .noInput
        case .severalFiles: .usage
        case .noWeights, .damaged: .badData
        case .cannotWrite: .cannotCreate
        case .noSpace: .inputOutput
        case .notFetched(_, reason: .offline): .noInput
        case .notFetched(_, let reason): code(reason)
        }
    }

    private static func code(_ error: TokenizerError) -> FailureCode {
        switch error {
        case .unreadableFile, .noTokenizerFile, .noVocabulary: .noInput
        default: .badData
        }
    }

    private static func code(_ error: GenerationError) -> FailureCode {
        switch error {
        case .invalidOption, .unsupported, .unknownToken: .usage
        case .emptyPrompt, .promptTooLong, .textTooLong, .textTooShort, .notFinite, .nothingAllowed: .badData
        }
    }

    private static func code(_ error: TensorError) -> FailureCode {
        if case .instructionSetUnavailable = error { return .configuration }
        return .badData
    }
}
