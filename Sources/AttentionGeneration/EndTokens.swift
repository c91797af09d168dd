import AttentionFiles
import AttentionJSON

extension ModelFile {
    /// The tokens that end a text.
    ///
    /// - Throws: `ModelFileError`, `GGUFError`.
    func endTokens() throws -> Set<Int> {
        switch container {
        case .folder(let folder): try folder.endTokens()
        case .gguf(let file): try file.endTokens()
        }
    }
}

extension ModelFolder {
    private struct Fields: Decodable {
        let eosTokenId: OneOrMore<Int>?

        private enum CodingKeys: String, CodingKey {
            case eosTokenId = "eos_token_id"
        }
    }

    /// `eos_token_id` of `generation_config.json` and of `config.json`: a number, or several.
    fileprivate func endTokens() throws -> Set<Int> {
        var ids: Set<Int> = []
        for name in ["generation_config.json", "config.json"] where path(ofFile: name) != nil {
            ids.formUnion(try decode(Fields.self, from: name).eosTokenId?.values ?? [])
        }
        return ids
    }
}

extension GGUFFile {
    /// The end of a text, of a turn and of a message.
    fileprivate func endTokens() throws(GGUFError) -> Set<Int> {
        var ids: Set<Int> = []
        for key in [GGUFKey.Tokenizer.endID, .endOfTurnID, .endOfMessageID] {
            if let id = try integer(key.name) { ids.insert(id) }
        }
        return ids
    }
}
