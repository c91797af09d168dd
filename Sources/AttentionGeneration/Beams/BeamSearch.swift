import Attention
import AttentionModels
import AttentionTensors

/// A search that follows several texts at once and finds those that are most probable as a whole, as
/// transformers' `generate` does.
///
/// Texts share the cache's memory as far as they are alike.
struct BeamSearch {
    private let options: BeamOptions
    private let stopTokens: Set<Int>
    private let decoder: DecoderTransformer
    private var cache: DecoderCache
    /// The texts under way, the best first; the cache has a sequence for each.
    private var running: [Running]
    /// The texts that have ended, the best first.
    private(set) var finished: [Beam] = []
    /// The most tokens that may be generated.
    private let limit: Int
    /// The number of the prompt's tokens.
    private let promptCount: Int

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

    init(
        _ decoder: DecoderTransformer, options: BeamOptions, stopTokens: Set<Int>, limit: Int, prompt: [Int]
    ) throws {
        self.decoder = decoder
        self.options = options
        self.stopTokens = stopTokens
        self.limit = limit
        promptCount = prompt.count
        cache = try decoder.makeCache(capacity: prompt.count + limit, storage: options.storage)
        var sampling = options.sampling
        for token in stopTokens { sampling.bannedSequences.remove([token]) }
        running = [
            Running(constraint: options.constraint, rules: LogitRules(sampling, prompt: prompt))
        ]
    }

    /// Reads the prompt and searches to the end.
    mutating func run(prompt: [Int]) throws {
        var logits: Tensor?
        for chunk in PromptChunks(prompt.count, by: decoder.configuration) {
            if Task.isCancelled { throw CancellationError() }
            logits = try decoder([Array(prompt[chunk])], cache: &cache)
        }
        for length in 1...limit {
            if Task.isCancelled { throw CancellationError() }
            guard let current = logits else { return }
            let candidates = try candidates(from: current)
            try finish(candidates, length: length)
            guard length < limit else { return }
            try follow(candidates)
            guard !running.isEmpty, canImprove(length: length) else { return }
            logits = try decoder(running.map { [$0.tokens[length - 1]] }, cache: &cache)
        }
    }

    /// The best ways to go on, the best first: more than there are beams, because some end a text.
    private func candidates(from logits: Tensor) throws -> [Candidate] {
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
            prompt: promptCount, generated: beam.tokens.count, limit: promptCount + limit)
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
    private mutating func finish(_ candidates: [Candidate], length: Int) throws {
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
        let parents = running.count
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
            try cache.addSequence(copying: candidate.parent)
        }
        for _ in 0..<parents { try cache.removeSequence(0) }
        running = next
    }

    /// Whether a text under way can still be better than the worst that has ended.
    private func canImprove(length: Int) -> Bool {
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
        var search = try BeamSearch(
            decoder, options: options, stopTokens: state.stopTokens,
            limit: state.longestText - tokens.count, prompt: tokens)
        try search.run(prompt: tokens)
        return Array(search.finished.prefix(options.results))
    }
}
