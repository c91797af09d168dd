/// Why an attention map could not be made or shown.
public enum AttentionMapError: Error, Equatable, CustomStringConvertible {
    /// The named list (`layers`, `heads`, `queries` or `keys`) has nothing in it.
    case empty(String)
    /// A layer's or head's number is negative or occurs twice in the named list.
    case badNumber(Int, in: String)
    /// The weights do not fill the shape `[layers, heads, Nq, Nk]`.
    case wrongCount(shape: [Int], found: Int)
    /// A weight at `[layer, head, query, key]`, counted in the captured lists, is not finite or not in 0…1.
    case badWeight(Float, index: [Int])
    /// A layer was asked for that was not captured.
    case unknownLayer(Int, captured: [Int])
    /// A head was asked for that was not captured.
    case unknownHead(Int, captured: [Int])
    /// The queries' places or their visible keys do not lie among the keys.
    case misplaced(String, keys: Int)
    /// All keys are hidden.
    case everythingIsHidden
    /// Roll-out multiplies the layers' maps, so it needs self-attention and consecutive layers.
    case noRollout(reason: String)
    /// The picture would have more than 2²⁸ pixels.
    case tooLarge(width: Int, height: Int)

    public var description: String {
        switch self {
        case .empty(let part):
            return "An attention map needs at least one of its \(part); it got none."
        case .badNumber(let number, let part):
            return "An attention map's \(part) are different numbers from 0 on; it got \(number)"
                + (number < 0 ? "." : " twice.")
        case .wrongCount(let shape, let found):
            return "An attention map of [layers, heads, queries, keys] = \(shape) needs that many weights; "
                + "it got \(found)."
        case .badWeight(let weight, let index):
            return "Attention weights lie between 0 and 1; "
                + "at [layer, head, query, key] = \(index) there is \(weight)."
        case .unknownLayer(let layer, let captured):
            return "Layer \(layer) was not captured; these were: \(Self.list(captured)) (counted from 0)."
        case .unknownHead(let head, let captured):
            return "Head \(head) was not captured; these were: \(Self.list(captured)) (counted from 0)."
        case .misplaced(let part, let keys):
            return "An attention map over \(keys) keys got \(part)."
        case .everythingIsHidden:
            return
                "Every token is a special token or the first one, so nothing is left to show when they are "
                + "hidden."
        case .noRollout(let reason):
            return "Attention roll-out is not defined here: \(reason)."
        case .tooLarge(let width, let height):
            return "A picture of \(width) × \(height) is too large to draw; show one head, or fewer of them."
        }
    }

    private static func list(_ numbers: [Int]) -> String {
        numbers.map(String.init).joined(separator: ", ")
    }
}
