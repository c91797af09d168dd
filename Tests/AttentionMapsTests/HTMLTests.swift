import AttentionHub
import AttentionMaps
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
            var hash = SHA256()
            Array(text.utf8).withUnsafeBytes { hash.update($0) }
            return "sha256-" + Data(hash.bytes).base64EncodedString()
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

    @Test func opensOnTheChosenMap() throws {
        let map = try SampleMaps.map()
        #expect(try map.html(.rollout).contains(#""start":{"first":false,"head":"rollout","layer":"all","#))
        #expect(try map.html(.head(layer: 3, head: 2)).contains(#""head":"2","layer":"3""#))
        let chosen = map.mostSelectiveHead()
        #expect(try map.html().contains(#""head":"\#(chosen.head)","layer":"\#(chosen.layer)""#))
        #expect(throws: AttentionMapError.self) { try map.html(.head(layer: 30, head: 0)) }
        #expect(throws: AttentionMapError.everythingIsHidden) {
            try SampleMaps.map(["[CLS]"], layers: 1, heads: 1).html(hiding: .specialTokens)
        }
    }
}
