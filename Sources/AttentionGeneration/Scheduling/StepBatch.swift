import AttentionModels
import AttentionTensors

/// A run of tokens that continues a state's text.
struct StepRun {
    var tokens: [Int]
    var logits: LogitRows
    /// Whether the tokens are a prompt's, whose number is bounded in each step.
    var isPrompt = false
}

/// What takes part in a model's steps: a text, or the texts of a beam search.
protocol StepParticipant<Model>: Sendable {
    associatedtype Model: StepModel

    /// The states of the texts that are to go on.
    var states: [Model.State] { get set }
    /// Whether there is nothing more to read.
    var isFinished: Bool { get }
    /// The most bytes that the states take in the end.
    var mostBytes: Int { get }

    /// The runs to read next: one for each state, or none at all if the prompt has to wait.
    ///
    /// - Parameter promptTokens: The most tokens of a prompt.
    mutating func nextRuns(promptTokens: Int) throws -> [StepRun]

    /// Goes on with the logits of the runs that were asked for.
    mutating func accept(_ logits: StepLogits) throws
}

/// The rows of one participant among the logits of a step.
struct StepLogits {
    fileprivate let logits: Tensor
    let rows: Range<Int>

    /// Calls `body` with a row, counted from the participant's first.
    func withRow<R>(_ row: Int, _ body: (UnsafeBufferPointer<Float>) throws -> R) throws -> R {
        try logits.withRow(rows.lowerBound + row, body)
    }
}

/// One step of a model, in the making: the runs of all participants, with their states.
struct StepBatch<Model: StepModel> {
    private var tokens: [[Int]] = []
    private var rows: [LogitRows] = []
    private var states: [Model.State] = []
    private var shares: [(runs: Range<Int>, rows: Range<Int>)] = []
    /// The number of tokens of prompts that may still be added.
    private(set) var promptTokens: Int

    /// The number of participants.
    var count: Int { shares.count }

    /// - Parameter promptTokens: The most tokens of prompts.
    init(promptTokens: Int) { self.promptTokens = promptTokens }

    /// Adds a participant's runs, and takes its states.
    ///
    /// - Returns: Whether it takes part in this step.
    mutating func add(_ participant: inout some StepParticipant<Model>) throws -> Bool {
        let runs = try participant.nextRuns(promptTokens: promptTokens)
        guard !runs.isEmpty else { return false }
        let first = (run: tokens.count, row: shares.last?.rows.upperBound ?? 0)
        var count = 0
        for run in runs {
            tokens.append(run.tokens)
            rows.append(run.logits)
            count += run.logits.count(of: run.tokens.count)
            if run.isPrompt { promptTokens -= run.tokens.count }
        }
        // Moved, not copied: the pages of the only owner are written to, and those of two would be copied.
        states += participant.states
        participant.states = []
        shares.append((first.run..<first.run + runs.count, first.row..<first.row + count))
        return true
    }

    /// Lets the model read everything. If it fails, the states are as they were.
    mutating func run(_ model: Model) throws -> Tensor {
        let logits = try model.step(tokens, states: &states, logits: rows)
        let count = shares.last?.rows.upperBound ?? 0
        precondition(
            states.count == tokens.count && logits.shape == [count, model.vocabulary],
            "a step model gives a state for each text and a row for each token that was asked for")
        return logits
    }

    /// Gives a participant its states back.
    ///
    /// - Parameter index: The participant's number in the order in which they were added.
    mutating func giveBack(_ index: Int, to participant: inout some StepParticipant<Model>) {
        participant.states = Array(states[shares[index].runs])
    }

    /// The rows of a participant.
    func logits(_ index: Int, in logits: Tensor) -> StepLogits {
        StepLogits(logits: logits, rows: shares[index].rows)
    }
}

extension StepParticipant {
    /// Takes a step alone.
    ///
    /// - Throws: The model's errors; then nothing has been read.
    mutating func step(_ model: Model, promptTokens: Int) throws {
        var batch = StepBatch<Model>(promptTokens: promptTokens)
        guard try batch.add(&self) else { return }
        let result = Result { try batch.run(model) }
        batch.giveBack(0, to: &self)
        let logits = batch.logits(0, in: try result.get())
        batch = StepBatch(promptTokens: 0)
        try accept(logits)
    }
}

extension LogitRows {
    /// Their number in a run of `tokens` tokens.
    fileprivate func count(of tokens: Int) -> Int {
        switch self {
        case .none: 0
        case .last: 1
        case .all: tokens
        }
    }
}

extension Tensor {
    /// Calls `body` with a row of a matrix.
    func withRow<R>(_ row: Int, _ body: (UnsafeBufferPointer<Float>) throws -> R) throws -> R {
        try selecting(axis: 0, row).contiguous().withUnsafeBuffer(body)
    }
}
