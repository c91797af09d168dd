import AttentionGeneration
import AttentionJSON
import AttentionMaps
import AttentionModels
import Foundation

/// The words after `/look` in a conversation: a layer and options of `attend look`.
struct LookRequest {
    private(set) var layer: Int?
    private(set) var hidden: AttentionMap.HiddenKeys = []
    private(set) var resolution: Int?

    /// A word that `/look` does not take.
    struct Misunderstanding: Error, CustomStringConvertible {
        let word: String
        var description: String {
            "/look does not take '\(word)'; it takes a layer's number, --hide-special, --hide-first and "
                + "--resolution with a number from 1 on"
        }
    }

    init(_ words: [String]) throws(Misunderstanding) {
        var words = words[...]
        while !words.isEmpty {
            let word = words.removeFirst()
            switch ExactString(word) {
            case "--hide-special": hidden.insert(.specialTokens)
            case "--hide-first": hidden.insert(.firstToken)
            case "--resolution":
                guard let value = words.first.flatMap({ Int($0) }), value > 0 else {
                    throw Misunderstanding(word: ([word] + words.prefix(1)).joined(separator: " "))
                }
                resolution = value
                words.removeFirst()
            default:
                guard layer == nil, let number = Int(word) else { throw Misunderstanding(word: word) }
                layer = number
            }
        }
    }

    /// The map of an answer, in at most a screenful of lines unless a resolution was asked for.
    ///
    /// - Parameters:
    ///   - tokens: All tokens of the conversation, up to the answer's end.
    ///   - answer: The places of the answer's tokens, which are the rows.
    ///   - size: The columns and rows of the screen.
    ///   - color: The colours that the terminal has.
    func text(
        of model: LanguageModel, tokens: [Int], answer: Range<Int>, size: (columns: Int, rows: Int),
        color: TerminalColor
    ) throws -> String {
        let layer = layer ?? model.decoder.layerCount - 1
        let fitting = AttentionMap.resolution(forTerminalOfWidth: size.columns, height: size.rows)
        let map = try AttentionMap(
            of: model.decoder, model: model.name, text: "what the last answer looked at", ids: tokens,
            tokens: model.shownTokens(tokens), layers: [layer], queries: answer,
            resolution: resolution.map { .init($0) } ?? fitting)
        return try map.terminalText(
            .meanOfHeads(layer: layer), width: size.columns, height: resolution == nil ? size.rows : nil,
            color: color, hiding: hidden)
    }
}
