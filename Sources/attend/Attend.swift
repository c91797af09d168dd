import ArgumentParser
import AttentionFiles
import Foundation

/// The command line: parses, runs one command, and turns every error into a message and an exit code.
@main
struct Attend: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attend",
        abstract: "Run transformer models on the CPU, and see what they look at.",
        usage: "attend <command> --model <model> …",
        discussion: """
            A model is a folder as the Hugging Face hub lays it out (config.json, model.safetensors, \
            tokenizer.json), a GGUF file, or a name: it is looked for in ./Models, in \
            ~/.cache/swift-attention/models and in the Hugging Face cache. A name of the form org/name, or \
            org/name:file.gguf, that is nowhere here is fetched from the hub.

              attend generate --model Qwen3-0.6B "Once upon a time"
              attend embed --model all-MiniLM-L6-v2 "Attention is all you need."
              attend rank --model all-MiniLM-L6-v2 --query "how to sign in" --file faq.txt
              attend look --model all-MiniLM-L6-v2 "The animal was tired." --html page.html

            Results go to standard output; notes, errors and progress go to standard error.

            EXIT CODES:
              0    done
              64   wrong usage: an option, or a value of one
              65   wrong data: a file that cannot be used, such as a damaged model
              66   a model or an input file that is not there or cannot be opened
              69   the hub cannot be reached, or does not hand out the model
              70   an error inside attend
              73   an output file that cannot be written
              74   reading or writing failed halfway
              78   a wrong setting in the environment
              130  ended by Ctrl-C

            ENVIRONMENT:
              ATTENTION_MODELS   folders to look for models in, separated by colons
              ATTENTION_THREADS  how many threads compute; --threads comes first
              ATTENTION_ISA      scalar, neon, avx2, avx512 or avx512vnni; by default the
                                 best there is
              ATTENTION_LARGE_PAGES=0
                                 mapped weights stay in the file's pages, which
                                 processes share
              HF_HOME, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE
                                 the Hugging Face cache and hub; see attend help fetch
              NO_COLOR           no colours

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
            Generate.self, Chat.self, ShowPrompt.self, Logits.self, MeasurePerplexity.self, Embed.self,
            Rank.self, Tokenize.self, Look.self, Quantize.self, Inspect.self, Fetch.self,
        ])

    static func main() {
        // Writing to a closed pipe then fails with an error, which ends the program quietly (ClosedPipe).
        signal(SIGPIPE, SIG_IGN)
        occupyStandardStreams()
        do {
            try checkArguments()
            var command = try parseAsRoot()
            try command.run()
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

    /// What ArgumentParser does not find, or tells in a way that does not help.
    private static func checkArguments() throws {
        try checkEncoding()
        let arguments = CommandLine.arguments.dropFirst().prefix { $0 != "--" }
        let commands = configuration.subcommands.map { $0._commandName }
        let named = arguments.first == "help" ? arguments.dropFirst().first : arguments.first
        if let command = named, !command.hasPrefix("-"), !(commands + ["help"]).contains(command) {
            let near = commands.filter { editDistance($0, command) <= 2 }
            throw ValidationError(
                "there is no command '\(command)'"
                    + (near.isEmpty ? "" : ". Did you mean \(near.joined(separator: " or "))?"))
        }
        // Of two, the last one would win silently.
        if arguments.count(where: { $0 == "--model" || $0.hasPrefix("--model=") }) > 1 {
            throw Failure(.usage, "--model is given twice; expected one model")
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
        Messages.usageError(fullMessage(for: error))
        Foundation.exit(FailureCode.usage.rawValue)
    }
}
