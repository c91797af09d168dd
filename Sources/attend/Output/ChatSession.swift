import AttentionGeneration
import AttentionMaps
import AttentionModels
import AttentionTokenizers
import Foundation

/// What a line that begins with a slash asks for.
enum ChatCommand: String, CaseIterable {
    case reset, look, help, exit

    static let list = """
        /reset  begin anew
        /look   what the last answer's tokens looked at; /look 3: in layer 3
        /help   this list
        /exit   end; so does Ctrl-D
        //…     a message that begins with a slash
        """
}

/// A conversation at a terminal or over pipes.
struct ChatSession {
    private var conversation: Conversation
    private let reportsSpeed: Bool
    private var editor = LineEditor()
    /// The tokens of the last answer among all that were read, to be looked at.
    private var lastAnswer: (tokens: [Int], range: Range<Int>)?

    init(_ conversation: Conversation, reportsSpeed: Bool) {
        (self.conversation, self.reportsSpeed) = (conversation, reportsSpeed)
    }

    mutating func run() throws {
        if editor.isTerminal {
            try write("Talking to \(conversation.model.name). /help lists commands; Ctrl-D ends.\n")
        }
        while true {
            switch try editor.read(prompt: "> ") {
            case .end: return
            case .cancelled: continue
            case .line(let line):
                guard try handle(line) else { return }
            }
        }
    }

    /// - Returns: whether the conversation goes on.
    private mutating func handle(_ line: String) throws -> Bool {
        if line.allSatisfy(\.isWhitespace) { return true }
        if line.hasPrefix("//") {
            try answer(String(line.dropFirst()))
        } else if line.hasPrefix("/") {
            let words = line.dropFirst().split(whereSeparator: \.isWhitespace)
            switch ChatCommand(rawValue: words.first.map(String.init) ?? "") {
            case .exit: return false
            case .help: try write(ChatCommand.list + "\n")
            case .look: try look(layer: words.count > 1 ? Int(words[1]) : nil)
            case .reset:
                conversation.reset()
                lastAnswer = nil
                Messages.note("the conversation begins anew")
            case nil: Messages.note("there is no such command; /help lists them")
            }
        } else {
            try answer(line)
        }
        return true
    }

    /// Lets the model answer. What goes wrong with one message leaves the conversation as it was.
    private mutating func answer(_ text: String) throws {
        do {
            var answer = try conversation.answer(to: text)
            Interruption.watch()
            defer { Interruption.end() }
            try stream(&answer)
            try conversation.keep(answer)
            let state = answer.generation.state
            lastAnswer = (state.tokens, state.promptCount..<state.tokens.count)
            // Whoever does not sit at the terminal cannot end the conversation in another way.
            if Interruption.isAsked, !editor.isTerminal { Foundation.exit(Interruption.exitCode) }
        } catch let error as ConversationError {
            try recover("\(error). Here, /reset begins anew.")
        } catch let error as ChatTemplateError {
            try recover("\(error)")
        } catch GenerationError.notFinite {
            throw Failure.overflow(of: conversation.model.path)
        }
    }

    /// Somebody who types can go on; a script must learn of it.
    private func recover(_ message: String) throws {
        guard editor.isTerminal else { throw Failure(.badData, message) }
        Messages.error(message)
    }

    private mutating func stream(_ answer: inout Conversation.Answer) throws {
        let start = ContinuousClock.now
        let bar = ProgressBar("tokens", total: answer.generation.state.promptCount)
        while !Interruption.isAsked, try answer.readPromptChunk() {
            bar.update(answer.generation.promptTokensRead)
        }
        bar.finish()
        let read = ContinuousClock.now
        var count = 0
        var finish: FinishReason?
        while !Interruption.isAsked, let token = try answer.next() {
            try write(StandardOutput.isTerminal ? Self.safe(token.text) : token.text)
            count += 1
            finish = token.finish
        }
        try write("\n")
        switch finish {
        case .maximumTokens:
            Messages.note("the answer was cut after \(count) tokens; --max-tokens allows more")
        case .context: Messages.note("the context is full; /reset begins anew, and --context may allow more")
        case nil where Interruption.isAsked: Messages.note("stopped")
        default: break
        }
        guard reportsSpeed, count > 0 else { return }
        let reading = Self.seconds(start.duration(to: read))
        let rate = Double(count) / max(Self.seconds(read.duration(to: .now)), 1e-9)
        Messages.write(
            "attend: first token after \(String(format: "%.2f", reading)) s, then "
                + "\(String(format: "%.1f", rate)) tokens a second\n")
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    /// Text that cannot take command of the terminal.
    private static func safe(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars
        where scalar == "\n" || scalar == "\t" || scalar.properties.generalCategory != .control {
            shown.append(scalar)
        }
        return String(shown)
    }

    // MARK: Looking

    /// Draws what the last answer's tokens looked at.
    ///
    /// - Parameter layer: The layer; nil: the last one.
    private mutating func look(layer: Int?) throws {
        guard let lastAnswer else { return Messages.note("there is no answer to look at yet") }
        let (model, layers) = (conversation.model, conversation.model.decoder.configuration.layers)
        let layer = layer ?? layers - 1
        guard (0..<layers).contains(layer) else {
            return Messages.note("there is no layer \(layer): the model's layers are 0 to \(layers - 1)")
        }
        let tokenizer = try model.tokenizer
        let special = Set(tokenizer.addedTokens.lazy.filter(\.isSpecial).map(\.id))
        let tokens = lastAnswer.tokens.map { id in
            AttentionMap.Token(Self.shown(id, tokenizer), isSpecial: special.contains(id))
        }
        let map = try AttentionMap(
            of: model.decoder, model: model.name, text: "what the last answer looked at",
            ids: lastAnswer.tokens,
            tokens: tokens, layers: [layer], queries: lastAnswer.range)
        try write(
            map.terminalText(
                .meanOfHeads(layer: layer), width: Terminal.width(of: STDOUT_FILENO),
                color: .detect(
                    environment: ProcessInfo.processInfo.environment, isTerminal: StandardOutput.isTerminal)))
    }

    /// A token's text; the token itself where it is part of a character.
    private static func shown(_ id: Int, _ tokenizer: Tokenizer) -> String {
        let text = tokenizer.decode([id], skipSpecialTokens: false)
        return text.isEmpty || text.contains("\u{FFFD}") ? tokenizer.token(of: id) ?? text : text
    }

    private func write(_ text: String) throws {
        var output = StandardOutput()
        try output.write(text)
        try output.flush()
    }
}
