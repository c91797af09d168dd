import AttentionModels
import AttentionTensors

/// A text that a model is to generate: its next runs, and the use of their logits.
///
/// It computes nothing by itself. ``TextGeneration`` drives one, and a ``Scheduler`` drives many at once. It
/// is a value: a copy goes on by itself, from the same state.
public struct TextRequest<Model: StepModel>: Sendable {
    /// The tokens so far, and the choice of the next ones.
    public private(set) var text: GenerationState
    /// The log-probabilities of the prompt's tokens, where they were asked for, as far as the prompt is read.
    /// The first one has none.
    public private(set) var promptLogProbabilities: [TokenLogProbability?] = []
    /// The number of guessed tokens, and of those that were right.
    public private(set) var guesses = (made: 0, right: 0)

    /// The only one but while a step is under way.
    var states: [Model.State]
    private var drafter: (any Drafter)?
    private let promptAlternatives: Int?
    private let longestScored: Int
    private let cutLength: Int
    private var reading: Reading?
    /// Tokens that are chosen and not yet given out.
    private var ready: ArraySlice<GeneratedToken> = []

    /// The run of the step under way.
    private enum Reading {
        /// A piece of the prompt.
        case prompt(Range<Int>)
        /// Generated tokens, the first of them new, and guesses of what follows.
        case text(known: Int, guesses: [Int])
    }

    /// - Parameters:
    ///   - text: The tokens, of which none was generated yet.
    ///   - state: The state after the beginning of the prompt, or an empty one.
    ///   - model: The model.
    ///   - options: Those of the text.
    /// - Throws: ``GenerationError``; `TensorError`; what shortening the state throws.
    public init(
        _ text: GenerationState, state: Model.State, of model: Model, options: GenerationOptions
    ) throws {
        guard model.suits(state, textLength: text.longestText) else {
            throw GenerationError.unsupported(
                "the cache was made for texts of another length, which have other positions in this model: "
                    + "make one with textLength: \(text.longestText)")
        }
        self.text = text
        drafter = try options.speculation?.makeDrafter(
            vocabulary: model.vocabulary, capacity: text.limit, textLength: text.longestText)
        promptAlternatives = options.includesPrompt ? options.logProbabilities ?? 0 : nil
        if promptAlternatives != nil { promptLogProbabilities = [nil] }
        cutLength = model.cutLength
        longestScored = model.longestScoredRun
        // Of a prompt that is known to the end, the last token is read again: its logits are wanted.
        var state = state
        try state.truncate(to: min(state.length, promptAlternatives == nil ? text.promptCount - 1 : 0))
        states = [state]
    }

    /// The state after all tokens but the last one or few.
    public var state: Model.State { states[0] }
    /// The number of the prompt's tokens that were read.
    public var promptTokensRead: Int { min(states[0].length, text.promptCount) }

    /// A token that was generated and not given out yet.
    mutating func popReady() -> GeneratedToken? { ready.popFirst() }
}

extension TextRequest: StepParticipant {
    var isFinished: Bool { text.finish != nil }

    // Guesses may lie behind the last token.
    var mostBytes: Int {
        let length = text.longestText + Speculation.longestRun
        return states[0].byteCount(forLength: length) + (drafter?.byteCount(forLength: length) ?? 0)
    }

    mutating func nextRuns(promptTokens: Int) throws -> [StepRun] {
        let read = states[0].length
        if text.generated.isEmpty, read < text.promptCount {
            return promptRuns(from: read, most: promptTokens).map { [$0] } ?? []
        }
        let known = Array(text.tokens[read...])
        let room = min(Speculation.longestRun, text.limit - read) - known.count
        let guesses = room > 0 ? try drafter?.propose(room, after: text) ?? [] : []
        reading = .text(known: known.count, guesses: guesses)
        return [StepRun(tokens: known + guesses, logits: guesses.isEmpty ? .last : .all)]
    }

    /// A piece of the prompt that ends at its end or where it may be cut; nil: there is no room for one.
    private mutating func promptRuns(from read: Int, most: Int) -> StepRun? {
        let most = promptAlternatives == nil ? most : min(most, longestScored)
        guard let end = PromptChunks.end(from: read, of: text.promptCount, most: most, cutLength: cutLength)
        else { return nil }
        reading = .prompt(read..<end)
        let rows: LogitRows = promptAlternatives != nil ? .all : end < text.promptCount ? .none : .last
        return StepRun(tokens: Array(text.tokens[read..<end]), logits: rows, isPrompt: true)
    }

    mutating func accept(_ logits: StepLogits) throws {
        switch reading {
        case .prompt(let piece):
            try noteProbabilities(of: piece, logits)
            guard piece.upperBound == text.promptCount else { return }
            ready.append(try logits.withRow(logits.rows.count - 1) { try text.next(from: $0) })
        case .text(let known, let guesses):
            // Without guesses there is a row for the last token alone.
            try choose(behind: guesses, logits, first: guesses.isEmpty ? 0 : known - 1)
        case nil: break
        }
    }

    private mutating func noteProbabilities(of piece: Range<Int>, _ logits: StepLogits) throws {
        guard let promptAlternatives else { return }
        for (row, position) in piece.enumerated() where position + 1 < text.promptCount {
            promptLogProbabilities.append(
                try logits.withRow(row) {
                    try TokenLogProbability(of: text.tokens[position + 1], in: $0, top: promptAlternatives)
                })
        }
    }

    /// Keeps the guesses that are right, and the token behind them.
    private mutating func choose(behind guesses: [Int], _ logits: StepLogits, first: Int) throws {
        var right = 0
        while true {
            let token = try logits.withRow(first + right) { try text.next(from: $0) }
            ready.append(token)
            guard token.finish == nil, right < guesses.count, guesses[right] == token.id else { break }
            right += 1
        }
        self.guesses.made += guesses.count
        self.guesses.right += right
        guard !guesses.isEmpty else { return }
        try states[0].truncate(to: text.tokens.count - 1)
    }
}
