import Attention
import AttentionModels
import AttentionTensors

/// A search that follows several texts at once and finds those that are most probable as a whole, as
/// transformers' `generate` does.
///
/// Texts share their states' memory as far as they are alike.
struct BeamSearch<Model: StepModel>: Sendable {
    private let options: BeamOptions
    private let stopTokens: Set<Int>
    private let prompt: [Int]
    private let cutLength: Int
    /// The texts under way, the best first; there is a state for each.
    private var running: [Running]
    var states: [Model.State]
    /// The texts that have ended, the best first.
    private(set) var finished: [Beam] = []
    /// The most tokens that may be generated, and those that are.
    private let limit: Int
    private var length = 0
    private(set) var isFinished = false
    /// The end of the piece of the prompt that is being read.
    private var pieceEnd = 0

    private struct Running {
        var tokens: [Int] = []
        /// The sum of the tokens' log-probabilities.
        var score: Float = 0
        var constraint: (any TokenConstraint)?
        var rules: LogitRules
    }

    private struct Candidate {
        let parent: Int
        let token: Int
        let score: Float
    }

    /// - Parameters:
    ///   - prompt: At least one token.
    ///   - options: The settings.
    ///   - stopTokens: The tokens that end a text.
    ///   - limit: The most tokens that may be generated.
    ///   - state: An empty state of the model.
    init(
        _ prompt: [Int], options: BeamOptions, stopTokens: Set<Int>, limit: Int, state: Model.State,
        cutLength: Int
    ) {
        self.prompt = prompt
        self.options = options
        self.stopTokens = stopTokens
        self.limit = limit
        self.cutLength = cutLength
        states = [state]
        var sampling = options.sampling
        for token in stopTokens { sampling.bannedSequences.remove([token]) }
        running = [
            Running(constraint: options.constraint, rules: LogitRules(sampling, prompt: prompt))
        ]
    }

    /// The best texts, as many as were asked for.
    var results: [Beam] { Array(finished.prefix(options.results)) }

    /// The best ways to go on, the best first: more than there are beams, because some end a text.
    private func candidates(from logits: StepLogits) throws -> [Candidate] {
        let count = max(2, 1 + stopTokens.count) * options.beams
        var candidates: [Candidate] = []
        for (index, beam) in running.enumerated() {
            try logits.withRow(index) { row in
                for choice in try choices(min(count, row.count), from: row, for: beam) {
                    candidates.append(
                        Candidate(
                            parent: index, token: choice.token, score: choice.logProbability + beam.score))
                }
            }
        }
        candidates.sort { ($1.score, $0.parent, $0.token) < ($0.score, $1.parent, $1.token) }
        return Array(candidates.prefix(count))
    }

    /// The most probable tokens behind a text, with its rules applied to their log-probabilities.
    private func choices(
        _ count: Int, from logits: UnsafeBufferPointer<Float>, for beam: Running
    ) throws -> [TokenLogProbability.Alternative] {
        let position = TextPosition(
            prompt: prompt.count, generated: beam.tokens.count, limit: prompt.count + limit)
        var allowed = try allowedTokens(beam)
        if !options.rules.isEmpty {
            allowed = options.rules.restrict(
                allowed, at: position, endTokens: stopTokens, vocabulary: logits.count)
        }
        let factor = options.rules.endFactor(at: position)
        let distribution = try LogDistribution(logits)
        guard !beam.rules.isEmpty || factor != nil else {
            return distribution.mostProbable(count, of: allowed)
        }
        return distribution.mostProbable(count, of: allowed) { scores in
            beam.rules.apply(to: scores)
            if let factor { Sampler.raise(stopTokens, in: scores, by: factor) }
        }
    }

    /// The tokens that a text may go on with; nil: all. It may end where its constraint is complete.
    private func allowedTokens(_ beam: Running) throws -> TokenSet? {
        guard let constraint = beam.constraint else { return nil }
        var allowed = try constraint.allowedTokens()
        for token in stopTokens {
            if constraint.isComplete { allowed.insert(token) } else { allowed.remove(token) }
        }
        return allowed
    }

    /// Keeps the texts that end here, of the candidates that are as good as a beam.
    private mutating func finish(_ candidates: [Candidate]) throws {
        for candidate in candidates.prefix(options.beams)
        where stopTokens.contains(candidate.token) || length == limit {
            let beam = running[candidate.parent]
            var constraint = beam.constraint
            if !stopTokens.contains(candidate.token) { try constraint?.accept(candidate.token) }
            keep(
                beam.tokens + [candidate.token], candidate.score,
                meetsConstraint: constraint?.isComplete ?? true)
        }
    }

    private mutating func keep(_ tokens: [Int], _ sum: Float, meetsConstraint: Bool) {
        finished.append(
            Beam(
                tokens: tokens, score: score(sum, length: tokens.count), meetsConstraint: meetsConstraint))
        // Of equal scores, those found first stay first: the sort is stable.
        finished.sort { $0.score > $1.score }
        finished.removeLast(max(0, finished.count - options.beams))
    }

    /// Goes on with the best that do not end. A text that its constraint admits nothing to ends by itself.
    private mutating func follow(_ candidates: [Candidate]) throws {
        let chosen = candidates.filter { !stopTokens.contains($0.token) }.prefix(options.beams)
        let parents = states
        states = []
        var next: [Running] = []
        for candidate in chosen {
            var beam = running[candidate.parent]
            beam.tokens.append(candidate.token)
            beam.rules.note(generated: candidate.token)
            beam.score = candidate.score
            if var constraint = beam.constraint {
                try constraint.accept(candidate.token)
                beam.constraint = constraint
                if constraint.isComplete, try constraint.allowedTokens().isEmpty {
                    keep(beam.tokens, beam.score, meetsConstraint: true)
                    continue
                }
            }
            next.append(beam)
            states.append(parents[candidate.parent])
        }
        running = next
    }

    /// Whether a text under way can still be better than the worst that has ended.
    private func canImprove() -> Bool {
        guard finished.count == options.beams, let worst = finished.last, let best = running.first else {
            return true
        }
        if options.earlyStopping == .whenFull { return false }
        let usesLongest = options.earlyStopping == .never && options.lengthPenalty > 0
        return score(best.score, length: usesLongest ? limit : length) > worst.score
    }

    private func score(_ sum: Float, length: Int) -> Float {
        sum / Float(Double.pow(Double(length), Double(options.lengthPenalty)))
    }
}

extension BeamSearch: StepParticipant {
    var mostBytes: Int { options.beams * states[0].byteCount(forLength: prompt.count + limit) }

    mutating func nextRuns(promptTokens: Int) throws -> [StepRun] {
        let read = states[0].length
        guard read < prompt.count else {
            return running.map { StepRun(tokens: [$0.tokens[length - 1]], logits: .last) }
        }
        guard
            let end = PromptChunks.end(
                from: read, of: prompt.count, most: promptTokens, cutLength: cutLength)
        else { return [] }
        pieceEnd = end
        return [
            StepRun(
                tokens: Array(prompt[read..<pieceEnd]), logits: pieceEnd < prompt.count ? .none : .last,
                isPrompt: true)
        ]
    }

    mutating func accept(_ logits: StepLogits) throws {
        guard pieceEnd == prompt.count else { return }
        length += 1
        let candidates = try candidates(from: logits)
        try finish(candidates)
        guard length < limit else {
            isFinished = true
            return
        }
        try follow(candidates)
        isFinished = running.isEmpty || !canImprove()
    }
}

extension LanguageModel {
    /// The most probable texts that follow some tokens, by beam search, the best first.
    ///
    /// - Parameters:
    ///   - tokens: The prompt, taken as it is.
    ///   - options: The settings.
    /// - Returns: At most as many as were asked for.
    /// - Throws: ``GenerationError``; `TensorError`; `KeyValueCacheError`; what the constraint throws;
    ///   `CancellationError` in a task that was cancelled.
    public func beamSearch(_ tokens: [Int], _ options: BeamOptions) throws -> [Beam] {
        var search = try search(tokens, options)
        while !search.isFinished {
            if Task.isCancelled { throw CancellationError() }
            try search.step(decoder, promptTokens: decoder.promptChunk)
        }
        return search.results
    }

    /// The same beside other texts of a scheduler, which drives this model's decoder.
    public func beamSearch(
        _ tokens: [Int], _ options: BeamOptions, on scheduler: Scheduler<DecoderTransformer>
    ) async throws -> [Beam] {
        try await scheduler.beams(of: search(tokens, options))
    }

    private func search(
        _ tokens: [Int], _ options: BeamOptions
    ) throws -> BeamSearch<DecoderTransformer> {
        for (name, value) in [
            ("the number of beams", options.beams), ("the number of texts", options.results),
        ]
        where !(1...1024).contains(value) {
            throw GenerationError.invalidOption(name: name, expected: "1 to 1024", found: "\(value)")
        }
        guard options.results <= options.beams else {
            throw GenerationError.invalidOption(
                name: "the number of texts", expected: "at most the \(options.beams) beams",
                found: "\(options.results)")
        }
        guard options.lengthPenalty.isFinite else {
            throw GenerationError.invalidOption(
                name: "the length penalty", expected: "a number", found: "\(options.lengthPenalty)")
        }
        var request = GenerationOptions(maximumTokens: options.maximumTokens)
        (request.context, request.stopTokens) = (options.context, options.stopTokens)
        (request.constraint, request.rules) = (options.constraint, options.rules)
        request.sampling = options.sampling
        // Checks the prompt and the options that the two have in common.
        let state = try state(of: tokens, request)
        return BeamSearch(
            tokens, options: options, stopTokens: state.stopTokens,
            limit: state.longestText - tokens.count,
            state: try emptyCache(for: state, storage: options.storage, nil), cutLength: decoder.cutLength)
    }
}
