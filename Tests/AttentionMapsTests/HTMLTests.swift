import AttentionMaps
import Crypto
import Foundation
import Testing

@Suite struct HTMLTests {
    static let hostile = [
        "[CLS]", "</script><script>alert(1)</script>", "<!--<script>", "&lt;", "\"'`", "\u{2028}",
        "\u{202E}live", "中文", "[SEP]",
    ]

    @Test func tokensCannotLeaveTheData() throws {
        let text = "</title></script><script>alert(1)</script><img src=x onerror=alert(1)>"
        let html = try SampleMaps.map(Self.hostile, layers: 1, heads: 2, text: text).html()
        #expect(html.components(separatedBy: "<script").count == 3)
        #expect(html.components(separatedBy: "</script").count == 3)
        #expect(!html.contains("<img") && !html.contains("<!--"))
        #expect(!html.contains("\u{202E}") && !html.contains("\u{2028}"))
    }

    @Test func nothingIsLoadedFromElsewhere() throws {
        let html = try SampleMaps.map().html()
        let addresses = html.matches(of: /https?:\/\/[^\s'"<]+/).map { String($0.output) }
        #expect(Set(addresses) == ["http://www.w3.org/2000/svg"])  // a namespace's name
        #expect(html.contains("default-src 'none'"))
    }

    @Test func thePolicyNamesStyleAndScript() throws {
        /// A hash as content security policies write it.
        func source(of text: String) -> String {
            "sha256-" + Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString()
        }
        #expect(HTMLPage.styleHash == source(of: HTMLPage.style), "put this into HTMLPage.styleHash")
        #expect(HTMLPage.scriptHash == source(of: HTMLPage.script), "put this into HTMLPage.scriptHash")
    }

    @Test func manyWeightsTakeAByteEach() throws {
        let tokens = (0..<256).map { "t\($0)" }
        let html = try SampleMaps.map(tokens, layers: 4, heads: 8).html()
        #expect(html.contains(#""bits":8"#))
        #expect(html.utf8.count < 3_200_000)
    }
}

/// The page in a browser: what it draws, and what it answers to its address.
@Suite(.enabled(if: Browser.path != nil, "needs Chromium on PATH or in CHROME"), .serialized)
struct HTMLBrowserTests {
    /// The text of the element with an id, without markup.
    static func text(_ id: String, in document: String) throws -> String {
        let start = try #require(document.range(of: "id=\"\(id)\"")).upperBound
        let open = try #require(document.range(of: ">", range: start..<document.endIndex)).upperBound
        let end = try #require(
            document.range(of: id == "keys" ? "</div>" : "</", range: open..<document.endIndex)
        ).lowerBound
        return String(document[open..<end].replacing(/<[^>]*>/, with: " "))
    }

    @Test func drawsEveryHeadAndReadsItsAddress() throws {
        let map = try SampleMaps.map()
        let (document, console) = try Browser.open(
            map.html(), fragment: "#layer=1&head=2&query=3&key=4&theme=dark")
        #expect(console.isEmpty)
        #expect(!document.contains("data-error"))
        // 6 × 12 heads, 6 means, roll-out and the mean of all
        #expect(document.contains("data-ready=\"80\"") && document.contains("data-map=\"17x17\""))
        #expect(try Self.text("map-title", in: document) == "Layer 1, head 2")
        #expect(try Self.text("reading-title", in: document) == "“cat” looks at…")
        let weight = try map.weights(layer: 1, head: 2)[query: 3, key: 4]
        #expect(try Self.text("readout", in: document).hasPrefix("“cat” → “sat”: "))
        #expect(document.contains("<b>\(String(format: "%.4f", weight))</b>"))
        #expect(document.contains("data-theme=\"dark\""))
    }

    @Test func hidesSpecialTokensAndScalesTheRest() throws {
        let map = try SampleMaps.map()
        let (document, console) = try Browser.open(
            map.html(), fragment: "#layer=3&head=mean&special=hidden&query=0")
        #expect(console.isEmpty)
        #expect(document.contains("data-map=\"17x15\""))
        #expect(try Self.text("map-title", in: document) == "Layer 3, mean of its heads")
        #expect(try Self.text("sum-note", in: document).contains("scaled to sum to 1 again"))
        let shown = try Self.text("keys", in: document).split(separator: " ").compactMap { Float($0) }
        let expected = try map.averagedOverHeads(layer: 3).keepingKeys(Array(1...15), renormalizing: true)
        #expect(shown.count == 15)
        for (left, right) in zip(shown, expected.row(0)) { #expect(abs(left - right) < 1e-4) }
        #expect(abs(shown.reduce(0, +) - 1) < 1e-3)
    }

    @Test func hostileTokensStayText() throws {
        let map = try SampleMaps.map(
            HTMLTests.hostile, layers: 1, heads: 1, text: "</title><script>alert(1)</script>")
        let (document, console) = try Browser.open(
            map.html(), fragment: "#layer=99&head=<script>&query=-1&key=1e9&theme=\"><script>")
        #expect(console.isEmpty)
        #expect(document.contains("data-ready=\"4\"") && !document.contains("data-error"))
        #expect(try Self.text("map-title", in: document) == "Layer 0, head 0")
        #expect(document.components(separatedBy: "<script").count == 3)
    }

    @Test func oneTokenAndCrossAttention() throws {
        let one = try SampleMaps.map(["a"], layers: 1, heads: 1)
        let (single, _) = try Browser.open(one.html(), fragment: "")
        #expect(single.contains("data-map=\"1x1\"") && !single.contains("data-error"))
        let cross = try AttentionMap(
            model: "m", text: "Guten Tag", queries: [.init("Good"), .init("day")],
            keys: [.init("Guten"), .init("Tag"), .init("</s>", isSpecial: true)], layers: [4], heads: [2],
            weights: [0.7, 0.2, 0.1, 0, 0, 0])
        let (pair, console) = try Browser.open(cross.html(), fragment: "#query=1&special=hidden")
        #expect(console.isEmpty && !pair.contains("data-error"))
        #expect(pair.contains("data-ready=\"3\"") && pair.contains("data-map=\"2x2\""))
        #expect(try Self.text("readout", in: pair) == "“day” looks at nothing but special tokens.")
    }

    @Test func eightBitsAreCloseEnough() throws {
        let map = try SampleMaps.map((0..<256).map { "t\($0)" }, layers: 4, heads: 8)
        let (document, console) = try Browser.open(map.html(), fragment: "#layer=2&head=4&query=9&key=9")
        #expect(console.isEmpty && document.contains("data-ready=\"38\""))
        let shown = try #require(document.firstMatch(of: /→ “t9”: <b>([0-9.]+)<\/b>/))
        let weight = try map.weights(layer: 2, head: 4)[query: 9, key: 9]
        #expect(abs(try #require(Float(shown.output.1)) - weight) < 0.0045)
    }
}
