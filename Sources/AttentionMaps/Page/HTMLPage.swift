import Foundation

extension AttentionMap {
    /// A page that is complete in one file: every captured layer and head as a small map, one of them
    /// enlarged, and the weights of a chosen token, as tinted tokens and in numbers.
    ///
    /// The page carries its style and script and allows no others (a content security policy names them by
    /// hash). Weights are stored in 16 bits, or in 8 bits when there are more than two million; the page
    /// says which. ``json()`` has the full numbers.
    ///
    /// The page's size is 50 kB and about 2.7 bytes a weight, or 1.35 bytes a weight of more than two
    /// million: 144 heads of 256 tokens take 13 MB. A map of a lower resolution
    /// (``init(of:model:text:continuation:ids:typeIDs:tokens:layers:heads:queries:resolution:)``) keeps the
    /// page of a long text small.
    ///
    /// - Parameters:
    ///   - selection: The map that the page opens on; nil: ``mostSelectiveHead()``.
    ///   - hidden: Keys whose columns are hidden at first; the page has a switch for each.
    /// - Throws: ``AttentionMapError`` if the selection was not captured or nothing is left to show;
    ///   `EncodingError`, which valid maps never cause.
    public func html(_ selection: Selection? = nil, hiding hidden: HiddenKeys = []) throws -> String {
        if let selection { _ = try matrix(selection) }
        _ = try keys(without: hidden)
        return try HTMLPage(map: self, start: .init(self, selection, hidden)).document()
    }
}

/// The page, put together from its parts, which are constant, and the map's data.
package struct HTMLPage {
    let map: AttentionMap
    let start: Start

    /// The choices with which the page opens, as the script and the page's address write them.
    struct Start: Encodable {
        let layer: String
        let head: String
        let query: Int?
        let special: Bool
        let first: Bool

        init(_ map: AttentionMap, _ selection: AttentionMap.Selection?, _ hidden: AttentionMap.HiddenKeys) {
            let telling = selection == nil ? map.mostSelectiveHead() : nil
            switch selection {
            case nil: (layer, head) = ("\(telling?.layer ?? 0)", "\(telling?.head ?? 0)")
            case .head(let layer, let head): (self.layer, self.head) = ("\(layer)", "\(head)")
            case .meanOfHeads(let layer): (self.layer, head) = ("\(layer)", "mean")
            case .mean: (layer, head) = ("all", "mean")
            case .rollout: (layer, head) = ("all", "rollout")
            }
            query = telling?.query
            special = hidden.contains(.specialTokens)
            first = hidden.contains(.firstToken)
        }
    }

    /// The runs of keys that queries can see: the different tables, `[Nq][first, end]`, and each layer's.
    private struct Visibility: Encodable {
        private(set) var tables: [[Range<Int>]] = []
        private(set) var layers: [Int] = []

        init(_ visibleKeys: [[Range<Int>]]) {
            for table in visibleKeys {
                if let index = tables.firstIndex(of: table) {
                    layers.append(index)
                } else {
                    layers.append(tables.count)
                    tables.append(table)
                }
            }
        }
    }

    /// The data that the script reads: the map with its weights packed.
    private struct Payload: Encodable {
        let queries: [AttentionMap.Token]
        let keys: [AttentionMap.Token]
        let isSelfAttention: Bool
        let queryOffset: Int?
        let generatedFrom: Int?
        let visible: Visibility?
        let start: Start
        let layers: [Int]
        let heads: [Int]
        let bits: Int
        let weights: String
        let rollout: String?
        let lightRamp: [String]
        let darkRamp: [String]
    }

    func document() throws -> String {
        let title = MarkupText.escape(VisibleText.shorten("\(map.visibleModel): \(map.visibleText)", to: 120))
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <link rel="icon" href="\(Self.icon)">
            <title>\(title)</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            \(Self.header(of: map))
            \(Self.main)
            \(Self.footer(layers: map.layers.count, heads: map.heads.count))
            <script type="application/json" id="data">\(try payload())</script>
            <script>\(Self.script)</script>
            </body>
            </html>

            """
    }

    /// Forbids everything but this page's own style and script. The hashes are of constants; a test
    /// computes them anew and tells the right ones.
    static let policy =
        "default-src 'none'; style-src '\(styleHash)'; script-src '\(scriptHash)'; "
        + "img-src data:; base-uri 'none'; form-action 'none'"

    package static let styleHash = "sha256-QF+CYfK1vIhWEiu+AFXRHPtK70KGRXaFJZiMAm9vvbM="
    package static let scriptHash = "sha256-a2vGZREbn9tuWFS7ymdMwlQuwdmOLElTEL/npZthvAg="

    /// The data as JSON in which no character can end the script element or begin a comment.
    private func payload() throws -> String {
        let packed = PackedWeights(map.weights)
        let rollout = try? map.rollout()
        let payload = Payload(
            queries: Self.visible(map.queries), keys: Self.visible(map.keys),
            isSelfAttention: map.isSelfAttention, queryOffset: map.queryOffset,
            generatedFrom: map.continuation == nil ? nil : map.queryOffset,
            visible: map.visibleKeys.map(Visibility.init), start: start, layers: map.layers, heads: map.heads,
            bits: packed.bits,
            weights: packed.base64,
            rollout: rollout.map { PackedWeights($0.weights, bits: packed.bits).base64 },
            lightRamp: ColorRamp.light.stops.map(\.hex), darkRamp: ColorRamp.dark.stops.map(\.hex))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Self.escapeMarkup(in: try encoder.encode(payload))
    }

    /// JSON in which `<`, `>` and `&` are written as escapes; they stand only inside strings, where that
    /// means the same.
    private static func escapeMarkup(in json: Data) -> String {
        let angles = Set("<>&".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(json.count + 256)
        for byte in json {
            if angles.contains(byte) {
                bytes += "\\u00\(String(byte, radix: 16))".utf8
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func visible(_ tokens: [AttentionMap.Token]) -> [AttentionMap.Token] {
        tokens.map { .init(VisibleText.label($0.text), isSpecial: $0.isSpecial) }
    }
}

/// Weights as small whole numbers in base64.
struct PackedWeights {
    /// More weights than this would make a page too large with 16 bits each.
    private static let mostWithSixteenBits = 2_000_000

    /// 16: `weight × 65535`, little-endian. 8: `√weight × 255`, which keeps small weights apart.
    let bits: Int
    let base64: String

    init(_ weights: [Float], bits: Int? = nil) {
        self.bits = bits ?? (weights.count > Self.mostWithSixteenBits ? 8 : 16)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(weights.count * self.bits / 8)
        for weight in weights {
            if self.bits == 8 {
                bytes.append(UInt8((weight.squareRoot() * 255).rounded()))
            } else {
                let value = UInt16((weight * 65_535).rounded())
                bytes.append(UInt8(truncatingIfNeeded: value))
                bytes.append(UInt8(truncatingIfNeeded: value >> 8))
            }
        }
        base64 = Data(bytes).base64EncodedString()
    }
}
