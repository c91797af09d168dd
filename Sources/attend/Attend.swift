import ArgumentParser
import AttentionFiles
import AttentionJSON
import Foundation

/// The command line: parses the arguments, runs one command, and turns every error into a message and an exit
/// code.
@main
struct Attend: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attend",
        abstract: "Run transformer models on the CPU, and see what they look at.",
        usage: "attend <command> --model <model> …",
        discussion: """
            A model is a folder with the files of the Hugging Face hub (config.json, model.safetensors, \
            tokenizer.json), a GGUF file, or a name. Names are looked up in ./Models, in \
            ~/.cache/swift-attention/models and in the Hugging Face cache. A model named org/name, or \
            org/name:file.gguf, that is not on this machine is fetched from the hub.

              attend generate --model Qwen3-0.6B "Once upon a time"
              attend embed --model all-MiniLM-L6-v2 "Attention is all you need."
              attend rank --model all-MiniLM-L6-v2 --query "how to sign in" --file faq.txt
              attend look --model all-MiniLM-L6-v2 "The animal was tired." --html page.html

            Results go to standard output. Notes, errors and progress go to standard error. An output file \
            appears when it is complete; until then, and after a failure, the old file stays.

            A text that is read from standard input or from a file loses one line ending at its end, and \
            nothing else.

            EXIT CODES:
              0    success
              64   wrong usage: a command, an option or its value
              65   wrong data: a file or a text that cannot be used
              66   a model or an input file that does not exist or cannot be opened
              69   the hub cannot be reached, or refuses the model
              70   an internal error
              73   an output file that cannot be created
              74   reading or writing failed halfway, for example on a full disk
              75   a generated text was cut, and --require-complete was given
              78   a wrong setting in the environment
              130  ended by Ctrl-C; any other signal gives 128 and its number

            ENVIRONMENT:
              ATTENTION_MODELS   folders to look for models in, separated by colons
              ATTENTION_THREADS  the number of threads, unless --threads gives one
              ATTENTION_ISA      the instruction set: scalar, neon, avx2, avx512 or
                                 avx512vnni; by default the best of the processor
              ATTENTION_LARGE_PAGES=0
                                 keep mapped weights in the file's pages, which
                                 processes share
              HF_HOME, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE
                                 the Hugging Face cache and hub; see attend help fetch
              NO_COLOR           use no colours

            COMPLETION:
              A script for bash, zsh or fish completes commands, options and file names.
              Once in bash, or for good from ~/.bashrc:

              source <(attend --generate-completion-script bash)

              For zsh and fish, save it where the shell looks for it:

              attend --generate-completion-script zsh > "${fpath[1]}/_attend"
              attend --generate-completion-script fish \\
                > ~/.config/fish/completions/attend.fish
            """,
        version: "0.1.0",
        subcommands: [
            Generate.self, Batch.self, Chat.self, ShowPrompt.self, Logits.self, MeasurePerplexity.self,
            Embed.self,
            Rank.self, Tokenize.self, Look.self, Quantize.self, Inspect.self, Fetch.self,
        ])

    static func main() {
        // Writing to a closed pipe then fails with an error, which ends the program quietly (ClosedPipe).
        signal(SIGPIPE, SIG_IGN)
        // The same for a file that grows beyond what the shell's ulimit allows.
        signal(SIGXFSZ, SIG_IGN)
        Signals.watch()
        occupyStandardStreams()
        do {
            try checkArguments()
            var command = try parseAsRoot()
            do {
                try command.run()
            } catch let error as ValidationError {
                throw Failure(.usage, error.message + "\n" + usage(of: type(of: command)))
            }
        } catch {
            end(with: error)
        }
    }

    /// A file that is opened must not become standard output because that was closed: writing there fails
    /// instead.
    private static func occupyStandardStreams() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", O_RDONLY)
        }
    }

    /// Finds mistakes that ArgumentParser passes over, or names in a way that does not help.
    private static func checkArguments() throws {
        try checkEncoding()
        let arguments = CommandLine.arguments.dropFirst().map { ExactString($0) }.prefix { $0 != "--" }
        let named = arguments.first == "help" ? arguments.dropFirst().first : arguments.first
        if let name = named, !name.hasPrefix("-"), name != "help", command(named: name) == nil {
            let near = names(near: name.string)
            throw ValidationError(
                "there is no command '\(name)'"
                    + (near.isEmpty ? "" : ". Did you mean \(near.joined(separator: " or "))?"))
        }
        if let option = arguments.first, option.hasPrefix("-"),
            let command = arguments.first(where: { command(named: $0) != nil })
        {
            throw ValidationError(
                "the command comes before its options: attend \(command) \(option) …")
        }
        // Of two, the last one would win silently.
        if arguments.count(where: { $0 == "--model" || $0.hasPrefix("--model=") }) > 1 {
            throw Failure(.usage, "--model is given twice; expected one model")
        }
    }

    /// A command's usage, for mistakes that show once the model is known. By then, ArgumentParser has
    /// forgotten which command runs.
    private static func usage(of command: any ParsableCommand.Type) -> String {
        let lines = ExactString(usageString(for: command)).split(separator: "\n").map(\.string)
        return "Usage: \(lines.joined(separator: "\n       "))\n"
            + "  See 'attend \(command._commandName) --help' for more information."
    }

    static func command(named name: ExactString) -> (any ParsableCommand.Type)? {
        configuration.subcommands.first { ExactString($0._commandName) == name }
    }

    private static func names(near name: String) -> [String] {
        configuration.subcommands.map { $0._commandName }.filter {
            editDistance($0, name) <= 2
                || name.utf8.count >= 3 && ExactString($0).hasPrefix(ExactString(name))
        }
    }

    /// Arguments that are not UTF-8 would be repaired silently on their way into strings.
    private static func checkEncoding() throws {
        for index in 1..<max(Int(CommandLine.argc), 1) {
            guard let argument = CommandLine.unsafeArgv[index] else { continue }
            if String(validatingCString: argument) == nil {
                throw Failure(
                    .usage, "argument \(index) is not valid UTF-8. Is the terminal's locale a UTF-8 one?")
            }
        }
    }

    private static func end(with error: any Error) -> Never {
        if error is ClosedPipe { Foundation.exit(EXIT_SUCCESS) }
        if let failure = Failure(error) {
            Messages.error(failure.message)
            Foundation.exit(failure.code.rawValue)
        }
        if exitCode(for: error) == .success { exit(withError: error) }
        Messages.usageError(usageMessage(for: error))
        Foundation.exit(FailureCode.usage.rawValue)
    }

    /// ArgumentParser's message. An option that is misspelt comes before what is missing because of it.
    private static func usageMessage(for error: any Error) -> String {
        let message = fullMessage(for: error)
        guard let unknown = UnknownOption(in: Array(CommandLine.arguments.dropFirst())) else {
            return message
        }
        // exact-text: the message is ArgumentParser's own.
        let usage = message.range(of: "\nUsage:").map { message[$0.lowerBound...] } ?? ""
        return unknown.message + usage
    }
}
