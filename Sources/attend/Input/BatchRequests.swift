import ArgumentParser
import AttentionGeneration
import AttentionJSON
import AttentionModels
import AttentionTemplates
import AttentionTokenizers

/// The lines of a batch's input, and what each asks for.
struct BatchRequests: Sendable {
    /// The settings of lines that say nothing else.
    struct Options: Sendable {
        let defaults: GenerationDefaults
        let constraint: (any TokenConstraint)?
        let speculation: Speculation?
    }

    /// The text that one line asks for.
    struct Request: Sendable {
        let tokens: [Int]
        let options: GenerationOptions
    }

    let lines: [String]
    private let model: LanguageModel
    private let options: Options
    private let command: Batch
    /// The chat templates, and the tokens that end an answer by them.
    private let chat: Result<(format: ChatFormat, stopTokens: Set<Int>?), any Error>

    init(lines: [String], _ model: LanguageModel, _ options: Options, _ command: Batch) throws {
        self.lines = lines
        self.model = model
        self.options = options
        self.command = command
        // Many models have none, and most inputs need none.
        chat = Result {
            let format = try command.template.format(of: model.file)
            return (format, try Conversation(with: model, format: format).options.stopTokens)
        }
        if command.template.template != nil || command.template.templateName != nil { _ = try chat.get() }
    }

    /// Whether texts follow a grammar or a schema.
    var hasConstraint: Bool { options.constraint != nil }

    /// A line's id, and its request or the reason why there is none.
    func request(_ index: Int) -> (id: JSON?, Result<Request, any Error>) {
        do {
            let line = try BatchLine(lines[index])
            return (line.id.map(JSON.init), Result { try request(line) })
        } catch {
            return (nil, .failure(error))
        }
    }

    private func request(_ line: BatchLine) throws -> Request {
        try line.checkNames()
        var stopTokens: Set<Int>?
        let tokens: [Int]
        switch try line.source() {
        case .text(let text): tokens = try model.tokenize(prompt: text)
        case .tokens(let ids): tokens = ids
        case .messages(let messages):
            let chat = try chat.get()
            tokens = try model.tokenizer.encode(chat.format.render(messages)).ids
            stopTokens = chat.stopTokens
        }
        var request = GenerationOptions(options.defaults, promptCount: tokens.count)
        try command.length.set(&request, vocabulary: model.decoder.configuration.vocabulary)
        request.stopTokens = request.stopTokens ?? stopTokens
        request.constraint = options.constraint
        request.speculation = options.speculation
        request.logProbabilities = command.logprobs
        request.skipsSpecialTokens = !command.special
        request.storage = command.cache.storage
        // Lines with one seed would begin alike.
        if command.sampling.seed == nil { request.sampling.seed = .random(in: 0..<1 << 32) }
        try line.set(&request)
        return Request(tokens: tokens, options: request)
    }
}

/// One line of a batch's input.
struct BatchLine {
    enum Source {
        case text(String)
        case tokens([Int])
        case messages([ChatMessage])
    }

    private let members: [ChatValue.Member]
    /// A text or a whole number.
    let id: ChatValue?

    private static let sources = ["prompt", "tokens", "messages"]
    private static let settings = [
        "max_tokens", "temperature", "top_k", "top_p", "min_p", "seed", "stop",
    ]

    /// - Throws: ``Failure`` for a line that is no object.
    init(_ line: String) throws {
        let value: ChatValue
        do {
            value = try ChatValue(json: line.utf8, name: "the line")
        } catch { throw Failure(.badData, "\(error)") }
        guard case .object(let members) = value else {
            throw Failure(.badData, "the line is no JSON object")
        }
        self.members = members
        switch value["id"] {
        case nil, .null: id = nil
        case .string, .integer: id = value["id"]
        default: throw Failure(.badData, "id: expected a text or a whole number")
        }
    }

    private subscript(name: String) -> ChatValue? {
        guard let value = ChatValue.object(members)[name], value != .null else { return nil }
        return value
    }

    /// - Throws: ``Failure`` for a member that lines do not have.
    func checkNames() throws {
        let known = Set((["id"] + Self.sources + Self.settings).map { ExactString($0) })
        if let other = members.first(where: { !known.contains(ExactString($0.name)) }) {
            throw Failure(
                .badData,
                "\(quoted(other.name)) is unknown; expected "
                    + (["id"] + Self.sources + Self.settings).joined(separator: ", "))
        }
    }

    /// The beginning that the model continues.
    func source() throws -> Source {
        let given = Self.sources.filter { self[$0] != nil }
        guard given.count == 1, let name = given.first, let value = self[name] else {
            throw Failure(
                .badData,
                given.isEmpty
                    ? "there is nothing to continue: expected prompt, tokens or messages"
                    : "expected one of prompt, tokens and messages, found \(given.joined(separator: " and "))"
            )
        }
        switch value {
        case .string(let text) where ExactString(name) == "prompt": return .text(text)
        case .array(let list) where ExactString(name) == "tokens":
            return .tokens(
                try list.map { value in
                    guard case .integer(let id) = value else { throw expected("a list of ids", name) }
                    return id
                })
        case .array(let list) where ExactString(name) == "messages":
            return .messages(
                try list.map { value in
                    guard let message = ChatMessage(value) else {
                        throw expected("a list of objects with a role each", name)
                    }
                    return message
                })
        default: throw expected(ExactString(name) == "prompt" ? "a text" : "a list", name)
        }
    }

    /// Puts the line's settings in the place of the command's.
    func set(_ options: inout GenerationOptions) throws {
        options.maximumTokens = try integer("max_tokens", from: 1) ?? options.maximumTokens
        options.sampling.temperature = try number("temperature") ?? options.sampling.temperature
        if let count = try integer("top_k", from: -1) { options.sampling.topK = count > 0 ? count : nil }
        options.sampling.topP = try number("top_p") ?? options.sampling.topP
        options.sampling.minP = try number("min_p") ?? options.sampling.minP
        if let seed = try integer("seed", from: 0) { options.sampling.seed = UInt64(seed) }
        switch self["stop"] {
        case nil: break
        case .string(let text): options.stopStrings = [text]
        case .array(let list):
            options.stopStrings = try list.map { value in
                guard case .string(let text) = value else {
                    throw expected("a text or a list of them", "stop")
                }
                return text
            }
        default: throw expected("a text or a list of them", "stop")
        }
    }

    private func integer(_ name: String, from least: Int) throws -> Int? {
        guard let value = self[name] else { return nil }
        guard case .integer(let number) = value, number >= least else {
            throw expected("a whole number from \(least) on", name)
        }
        return number
    }

    private func number(_ name: String) throws -> Float? {
        switch self[name] {
        case nil: return nil
        case .integer(let number): return Float(number)
        case .number(let number) where Float(number).isFinite: return Float(number)
        default: throw expected("a number", name)
        }
    }

    private func expected(_ what: String, _ name: String) -> Failure {
        Failure(.badData, "\(name): expected \(what)")
    }
}

extension JSON {
    /// An id.
    fileprivate init(_ id: ChatValue) {
        switch id {
        case .string(let text): self = .string(text)
        case .integer(let number): self = .integer(number)
        default: self = .null
        }
    }
}
