/// What is added to and taken from the logits of single tokens, because of what came before.
struct Penalties: Sendable {
    private let bias: [Int: Float]
    private let repetition: Float
    private let presence: Float
    private let frequency: Float
    /// How often each token was generated; 0 for those that only the prompt has.
    private var counts: [Int: Int] = [:]

    init(_ sampling: Sampling) {
        bias = sampling.logitBias
        repetition = sampling.repetitionPenalty
        presence = sampling.presencePenalty
        frequency = sampling.frequencyPenalty
    }

    /// Whether logits stay as they are, whatever came before.
    var isEmpty: Bool { bias.isEmpty && !countsTokens }

    private var countsTokens: Bool { repetition != 1 || presence != 0 || frequency != 0 }

    mutating func note(prompt: some Sequence<Int>) {
        guard repetition != 1 else { return }
        for token in prompt { counts[token, default: 0] += 0 }
    }

    mutating func note(generated token: Int) {
        guard countsTokens else { return }
        counts[token, default: 0] += 1
    }

    func apply(to logits: UnsafeMutableBufferPointer<Float>) {
        for (token, bias) in bias { logits[token] += bias }
        for (token, count) in counts where logits.indices.contains(token) {
            var logit = logits[token]
            logit = logit < 0 ? logit * repetition : logit / repetition
            if count > 0 { logit -= presence + frequency * Float(count) }
            logits[token] = logit
        }
    }
}
