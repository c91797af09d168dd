import ArgumentParser
import AttentionJSON

/// The value of `--tokens` and options like it: ids, separated by commas.
struct TokenIDs {
    let ids: [Int]

    init(_ ids: [Int]) { self.ids = ids }

    init(_ text: String) throws {
        let parts = ExactString(text).split(separator: ",", omittingEmptySubsequences: false)
        ids = try parts.enumerated().map { index, part in
            let part = ExactString(Substring(part.unicodeScalars.drop { $0 == " " }))
            guard let id = Int(part.string), id >= 0, !part.hasPrefix("+") else {
                throw ValidationError(
                    "id \(index + 1) is \(part.isEmpty ? "empty" : "'\(part)'"); "
                        + "expected whole numbers from 0 on with commas between them, such as 101,7592,102")
            }
            return id
        }
    }

    /// - Throws: ``Failure`` for an id that a model of so many tokens does not have.
    ///
    /// - Parameter option: The option that names them.
    func check(vocabulary: Int, _ option: String = "--tokens") throws {
        guard let index = ids.firstIndex(where: { $0 >= vocabulary }) else { return }
        throw Failure(
            .usage,
            "\(option): id \(index + 1) is \(ids[index]), but the model's ids are 0 to \(vocabulary - 1)")
    }
}
