import AttentionFiles
import AttentionJSON

/// Chat templates in a GGUF file's metadata.
extension ChatFormat {
    /// The texts of a file's templates by name.
    ///
    /// - Throws: `GGUFError` where a value has the wrong type.
    static func sources(gguf file: GGUFFile) throws(GGUFError) -> [ExactString: String] {
        var sources: [ExactString: String] = [:]
        sources["default"] = try file.string(GGUFKey.chatTemplate)
        // The list of names repeats what the keys say.
        let prefix = GGUFKey.chatTemplate(named: "").utf8
        for key in file.keys where key.utf8.starts(with: prefix) {
            let name = ExactString(Substring(key.utf8.dropFirst(prefix.count)))
            sources[name] = try file.string(key)
        }
        return sources
    }

    /// The keys and values that llama.cpp's converter makes of templates with names.
    ///
    /// Of a name, everything but ASCII letters and digits becomes `_`, as there. Of names that become equal,
    /// the last in the order of their scalars counts.
    package static func ggufValues(_ sources: [ExactString: String]) -> [(key: String, value: GGUFValue)] {
        var named: [ExactString: String] = [:]
        for name in sources.keys.sorted() where name != "default" && !name.isEmpty {
            let plain = name.unicodeScalars.map { scalar -> Character in
                scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                    ? Character(scalar) : "_"
            }
            named[ExactString(String(plain))] = sources[name]
        }
        let names = named.keys.sorted()
        var values: [(key: String, value: GGUFValue)] = []
        for name in names {
            values.append((key: GGUFKey.chatTemplate(named: name.string), value: .string(named[name] ?? "")))
        }
        if !names.isEmpty {
            values.append(
                (key: GGUFKey.chatTemplateNames, value: .array(GGUFArray(names.map(\.string)))))
        }
        if let source = sources["default"] {
            values.append((key: GGUFKey.chatTemplate, value: .string(source)))
        }
        return values
    }
}
