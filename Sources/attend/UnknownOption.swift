import ArgumentParser
import AttentionFiles
import AttentionJSON
import Foundation

/// An option on the command line that its command does not have. ArgumentParser names it only where nothing
/// else is missing.
struct UnknownOption {
    private let command: any ParsableCommand.Type
    /// The option as it was written, without the value after `=`.
    private let written: ExactString

    /// The first unknown option among `arguments`, which begin with the command or a program's option.
    init?(in arguments: [String]) {
        let arguments = arguments.map { ExactString($0) }
        guard let first = arguments.first else { return nil }
        // An option before a command is another mistake.
        let isOption = first.hasPrefix("-") && !arguments.contains { Attend.command(named: $0) != nil }
        guard let command = isOption ? Attend.self : Attend.command(named: first) else { return nil }
        let options = OptionNames(of: command)
        var rest = arguments.dropFirst(isOption ? 0 : 1).prefix { $0 != "--" }
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-"), argument.utf8.count > 1 else { continue }
            let name = argument.split(separator: "=", maxSplits: 1)[0]
            guard let option = options.option(name) else {
                (self.command, written) = (command, name)
                return
            }
            // The value is no option, whatever it looks like.
            if option.takesValue, name == argument, option.takesAnyValue || rest.first?.hasPrefix("-") != true
            {
                _ = rest.popFirst()
            }
        }
        return nil
    }

    /// The name of the option, one that may have been meant, or where it belongs.
    var message: String {
        let isProgram = command == Attend.self
        let unknown = (isProgram ? "attend" : "attend \(command._commandName)") + " has no option \(written)"
        let near = OptionNames(of: command).near(written)
        if !near.isEmpty { return "\(unknown). Did you mean \(near.joined(separator: " or "))?" }
        let others = Attend.configuration.subcommands.filter { OptionNames(of: $0).option(written) != nil }
        if !others.isEmpty {
            return "\(unknown); \(others.map { "attend \($0._commandName)" }.joined(separator: ", ")) "
                + "\(others.count == 1 ? "has" : "have") it"
        }
        return written.hasPrefix("--") ? unknown : "\(unknown). A text that begins with a dash goes after --"
    }
}

/// The options of a command, as ArgumentParser describes them to other programs.
private struct OptionNames {
    struct Option: Decodable {
        struct Name: Decodable {
            let kind: ExactString
            let name: String

            var written: ExactString { ExactString((kind == "long" ? "--" : "-") + name) }
        }
        let kind: ExactString
        let names: [Name]?
        let parsingStrategy: ExactString?

        var takesValue: Bool { kind == "option" }
        /// True where the value may begin with a dash.
        var takesAnyValue: Bool { parsingStrategy == "unconditional" }
    }

    private struct Description: Decodable {
        struct Command: Decodable { let arguments: [Option]? }
        let command: Command
    }

    private let options: [Option]

    init(of command: any ParsableCommand.Type) {
        let description = try? JSONDecoder().decode(
            Description.self, from: Data(command._dumpHelp().utf8))
        options = description?.command.arguments ?? []
    }

    /// The options that ArgumentParser gives to every command.
    private static let common: [ExactString] = ["--help", "--version", "-h"]

    private var long: [ExactString] {
        let own = options.flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map(\.written)
        return own + Self.common.filter { $0.hasPrefix("--") && !own.contains($0) }
    }

    func option(_ written: ExactString) -> Option? {
        if Self.common.contains(written) {
            return Option(kind: "flag", names: nil, parsingStrategy: nil)
        }
        return options.first { ($0.names ?? []).contains { $0.written == written } }
    }

    /// The long names that are closest to `written`, if any is close.
    func near(_ written: ExactString) -> [String] {
        let wanted = Self.plain(written)
        guard wanted.utf8.count > 1 else {
            let names = long.filter { Self.plain($0).hasPrefix(wanted) }
            return names.count <= 3 ? names.map(\.string) : []
        }
        let length = wanted.unicodeScalars.count
        let ranked = long.map { name in
            let plain = Self.plain(name)
            let isBeginning = length >= 3 && plain.hasPrefix(wanted)
            return (name: name, distance: isBeginning ? 1 : editDistance(wanted.string, plain.string))
        }
        guard let least = ranked.map(\.distance).min(),
            least <= (length <= 4 ? 1 : length <= 8 ? 2 : 3)
        else {
            return []
        }
        return ranked.filter { $0.distance == least }.map(\.name.string)
    }

    /// The letters alone: people write --max_tokens and --maxTokens.
    private static func plain(_ name: ExactString) -> ExactString {
        ExactString(String(name.lowercasedASCII.unicodeScalars.filter { $0 != "-" && $0 != "_" }))
    }
}
