/// The changes of single tokens' logits that depend on the tokens before: biases, penalties and bans.
struct LogitRules: Sendable {
    private let sampling: Sampling
    /// The number of times that each token was generated; 0 for tokens of the prompt alone.
    private var counts: [Int: Int] = [:]
    /// The prompt's tokens and those that were generated, where sequences of them matter.
    private var history: [Int] = []
    private let countsTokens: Bool
    private let keepsHistory: Bool

    init(_ sampling: Sampling, prompt: some Sequence<Int>) {
        self.sampling = sampling
        countsTokens =
            sampling.repetitionPenalty != 1 || sampling.presencePenalty != 0 || sampling.frequencyPenalty != 0
        keepsHistory =
            sampling.noRepeatNGram != nil || !sampling.bannedSequences.isEmpty
            || !sampling.sequenceBias.isEmpty
        let prompt = Array(prompt)
        if keepsHistory { history = prompt }
        if sampling.repetitionPenalty != 1 { for token in prompt { counts[token, default: 0] += 0 } }
    }

    /// Whether logits stay as they are, whatever came before.
    var isEmpty: Bool {
        !countsTokens && !keepsHistory && sampling.logitBias.isEmpty && sampling.bannedTokens.isEmpty
    }

    mutating func note(generated token: Int) {
        if countsTokens { counts[token, default: 0] += 1 }
        if keepsHistory { history.append(token) }
    }

    /// Changes the logits `[V]` of the next token.
    func apply(to logits: UnsafeMutableBufferPointer<Float>) {
        for (token, bias) in sampling.logitBias { logits[token] += bias }
        // In one order: sums of several biases of one token would differ in their last bits.
        for (sequence, bias) in sampling.sequenceBias.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) })
        where endsHistory(sequence.dropLast()) {
            logits[sequence[sequence.count - 1]] += bias
        }
        penalize(logits)
        if let length = sampling.noRepeatNGram { banRepeats(of: length, in: logits) }
        for sequence in sampling.bannedSequences where endsHistory(sequence.dropLast()) {
            logits[sequence[sequence.count - 1]] = -.infinity
        }
        for token in sampling.bannedTokens { logits[token] = -.infinity }
    }

    private func penalize(_ logits: UnsafeMutableBufferPointer<Float>) {
        let (presence, frequency) = (sampling.presencePenalty, sampling.frequencyPenalty)
        for (token, count) in counts where logits.indices.contains(token) {
            var logit = logits[token]
            logit = logit < 0 ? logit * sampling.repetitionPenalty : logit / sampling.repetitionPenalty
            if count > 0 { logit -= presence + frequency * Float(count) }
            logits[token] = logit
        }
    }

    /// Bans the tokens that would end a run of `length` tokens a second time.
    private func banRepeats(of length: Int, in logits: UnsafeMutableBufferPointer<Float>) {
        guard history.count >= length else { return }
        let start = history.suffix(length - 1)
        for last in length - 1..<history.count
        where history[last - length + 1..<last].elementsEqual(start) && logits.indices.contains(history[last])
        {
            logits[history[last]] = -.infinity
        }
    }

    private func endsHistory(_ tokens: ArraySlice<Int>) -> Bool {
        tokens.count <= history.count && history.suffix(tokens.count).elementsEqual(tokens)
    }
}
