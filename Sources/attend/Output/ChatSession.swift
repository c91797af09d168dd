import AttentionFiles
import AttentionGeneration
import AttentionJSON
import AttentionMaps
import AttentionModels
import AttentionTemplates
import AttentionTokenizers
import Foundation

/// A command within a conversation: a line that begins with a slash.
enum ChatCommand: String, CaseIterable {
    case reset, look, help, exit

    static let list = """
        /reset  begin a new conversation
        /look   show on one screen the tokens that the last answer looked at, in the last layer;
                /look 3: in layer 3. --hide-special, --hide-first and --resolution 64
                are those of attend look
        /help   list the commands
        /exit   end, as Ctrl-D does
        //…     send a message that begins with a slash
        """

    /// The commands, with a slash, whose names are close to `name`.
    static func names(near name: String) -> [String] {
        let name = ExactString(name).lowercasedASCII
        return allCases.map(\.rawValue).filter {
            editDistance($0, name.string) <= 2 || !name.isEmpty && ExactString($0).hasPrefix(name)
        }.map { "/\($0)" }
    }
}

/// A conversation at a terminal or over pipes.
struct ChatSession {
    private var conversation: Conversation
    private let reportsSpeed: Bool
    private var editor = LineEditor()
    /// The tokens of the last answer among all that were read, to be looked at.
    private var lastAnswer: (tokens: [Int], range: Range<Int>)?
    /// The exit code of the worst mistake that did not end the conversation; nil at a terminal, where a
    /// person has seen it.
    private(set) var failure: FailureCode?

    init(_ conversation: Conversation, reportsSpeed: Bool) {
        (self.conversation, self.reportsSpeed) = (conversation, reportsSpeed)
    }

    mutating func run() throws {
        if editor.isTerminal {
            try write(shown: "Talking to \(conversation.model.name). /help lists commands; Ctrl-D ends.\n")
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
        guard let rest = ExactString(line).dropping(prefix: "/") else {
            try answer(line)
            return true
        }
        guard ExactString(rest).hasPrefix("/") else {
            return try obey(rest.split(whereSeparator: \.isWhitespace).map(String.init))
        }
        try answer(rest)
        return true
    }

    /// Follows a command.
    ///
    /// - Parameter words: Its name, without the slash, and its arguments.
    /// - Returns: Whether the conversation goes on.
    private mutating func obey(_ words: [String]) throws -> Bool {
        let (name, arguments) = (words.first ?? "", Array(words.dropFirst()))
        guard let command = ChatCommand(exactly: name) else {
            let near = ChatCommand.names(near: name)
            complain(
                .usage,
                "there is no command /\(VisibleText.escape(name)). "
                    + (near.isEmpty ? "" : "Did you mean \(near.joined(separator: " or "))? ")
                    + "/help lists the commands; a message that begins with a slash takes two: //")
            return true
        }
        if command != .look, let extra = arguments.first {
            complain(.usage, "/\(name) takes no argument, but '\(VisibleText.escape(extra))' follows it")
            return true
        }
        switch command {
        case .exit: return false
        case .help: try write(ChatCommand.list + "\n")
        case .look: try look(arguments)
        case .reset:
            conversation.reset()
            lastAnswer = nil
            Messages.note("the conversation begins anew")
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
            // Without a terminal there is no other way to end the conversation.
            if Interruption.isAsked, !editor.isTerminal { Foundation.exit(Interruption.exitCode) }
        } catch let error as ConversationError {
            try recover("\(error). Here, /reset begins anew.")
        } catch let error as ChatTemplateError {
            try recover("\(error)")
        } catch GenerationError.notFinite {
            throw Failure.overflow(of: conversation.model.path)
        }
    }

    /// Tells a person, who can go on; ends a script.
    private func recover(_ message: String) throws {
        guard editor.isTerminal else { throw Failure(.badData, message) }
        Messages.error(message)
    }

    private mutating func stream(_ answer: inout Conversation.Answer) throws {
        let start = ContinuousClock.now
        let bar = ProgressBar("tokens", total: answer.generation.state.promptCount)
        while !Interruption.isAsked, try answer.readPromptChunk() {
            bar.update(answer.generation.request.promptTokensRead)
        }
        bar.finish()
        let read = ContinuousClock.now
        var count = 0
        var finish: FinishReason?
        while !Interruption.isAsked, let token = try answer.next() {
            try write(shown: token.text)
            count += 1
            finish = token.finish
        }
        try write("\n")
        switch finish {
        case .maximumTokens:
            Messages.note("the answer was cut after \(count) tokens; --max-tokens allows more")
        case .context:
            let longest = conversation.model.decoder.configuration.longestSequence
            Messages.note(
                "the context is full; /reset begins anew"
                    + (answer.generation.state.limit < longest
                        ? ", and --context allows up to \(longest)" : "")
            )
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

    // MARK: Looking

    /// Draws the attention of the last answer's tokens.
    private mutating func look(_ words: [String]) throws {
        guard let lastAnswer else { return complain(.usage, "there is no answer to look at yet") }
        let request: LookRequest
        do { request = try LookRequest(words) } catch { return complain(.usage, "\(error)") }
        let layers = conversation.model.decoder.layerCount
        if let layer = request.layer, !(0..<layers).contains(layer) {
            return complain(
                .usage, "there is no layer \(layer): the model's layers are 0 to \(layers - 1)")
        }
        do {
            try write(
                request.text(
                    of: conversation.model, tokens: lastAnswer.tokens, answer: lastAnswer.range,
                    size: Terminal.size(of: STDOUT_FILENO),
                    color: .detect(
                        environment: ProcessInfo.processInfo.environment,
                        isTerminal: StandardOutput.isTerminal)))
        } catch let error as AttentionMapError {
            complain(.badData, "\(error)")
        }
    }

    /// Tells of a mistake after which the conversation goes on.
    private mutating func complain(_ code: FailureCode, _ message: String) {
        Messages.error(message)
        guard !editor.isTerminal, code.rawValue > failure?.rawValue ?? 0 else { return }
        failure = code
    }

    private func write(_ text: String) throws {
        var output = StandardOutput()
        try output.write(text)
        try output.flush()
    }

    /// Writes a text that may hold anything.
    private func write(shown text: String) throws {
        var output = StandardOutput()
        try output.write(shown: text)
        try output.flush()
    }
}
