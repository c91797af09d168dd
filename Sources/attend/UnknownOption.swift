import ArgumentParser
import AttentionFiles
import Foundation

/// An option on the command line that its command does not have. ArgumentParser names it only where nothing
/// else is missing.
struct UnknownOption {
    private let command: any ParsableCommand.Type
    /// The option as it was written, without the value after `=`.
    private let written: String

    /// The first unknown option among `arguments`, which begin with the command or a program's option.
    init?(in arguments: [String]) {
        guard let first = arguments.first else { return nil }
        // An option before a command is another mistake.
        let isOption = first.hasPrefix("-") && !arguments.contains { Attend.command(named: $0) != nil }
        guard let command = isOption ? Attend.self : Attend.command(named: first) else { return nil }
        let options = OptionNames(of: command)
        var rest = arguments.dropFirst(isOption ? 0 : 1).prefix { $0 != "--" }
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-"), argument.count > 1 else { continue }
            let name = argument.prefix { $0 != "=" }
            guard let option = options.option(String(name)) else {
                (self.command, written) = (command, String(name))
                return
            }
            // The value is no option, whatever it looks like.
            if option.takesValue, !argument.contains("="), option.takesAnyValue || rest.first?.first != "-" {
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
            let kind: String
            let name: String

            var written: String { (kind == "long" ? "--" : "-") + name }
        }
        let kind: String
        let names: [Name]?
        let parsingStrategy: String?

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
    private static let common = ["--help", "--version", "-h"]

    private var long: [String] {
        let own = options.flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map(\.written)
        return own + Self.common.filter { $0.hasPrefix("--") && !own.contains($0) }
    }

    func option(_ written: String) -> Option? {
        if Self.common.contains(written) {
            return Option(kind: "flag", names: nil, parsingStrategy: nil)
        }
        return options.first { ($0.names ?? []).contains { $0.written == written } }
    }

    /// The long names that are closest to `written`, if any is close.
    func near(_ written: String) -> [String] {
        let wanted = Self.plain(written)
        guard wanted.count > 1 else {
            let names = long.filter { Self.plain($0).hasPrefix(wanted) }
            return names.count <= 3 ? names : []
        }
        let ranked = long.map { name in
            let plain = Self.plain(name)
            let isBeginning = wanted.count >= 3 && plain.hasPrefix(wanted)
            return (name: name, distance: isBeginning ? 1 : editDistance(wanted, plain))
        }
        guard let least = ranked.map(\.distance).min(),
            least <= (wanted.count <= 4 ? 1 : wanted.count <= 8 ? 2 : 3)
        else {
            return []
        }
        return ranked.filter { $0.distance == least }.map(\.name)
    }

    /// The letters alone: people write --max_tokens and --maxTokens.
    private static func plain(_ name: String) -> String {
        name.lowercased().filter { $0 != "-" && $0 != "_" }
    }
}
