import AttentionGeneration

extension FinishReason {
    /// What answers call it.
    var name: String {
        switch self {
        case .stopToken: "stop-token"
        case .stopString: "stop-string"
        case .complete: "complete"
        case .maximumTokens: "max-tokens"
        case .context: "context"
        }
    }
}

extension JSON {
    /// A token's log-probability, and those of the most probable tokens in its place.
    init(_ token: TokenLogProbability?) {
        guard let token else {
            self = .null
            return
        }
        func entry(_ id: Int, _ logProbability: Float) -> [(String, JSON)] {
            [("token", .integer(id)), ("logprob", logProbability.isFinite ? .number(logProbability) : .null)]
        }
        let top = token.alternatives.map { JSON.object(entry($0.token, $0.logProbability)) }
        self = .object(entry(token.token, token.logProbability) + [("top", .array(top))])
    }

    /// A seed, as text where many readers of JSON would round it.
    init(seed: UInt64) {
        self = Int(exactly: seed).map(JSON.integer) ?? .string("\(seed)")
    }
}
