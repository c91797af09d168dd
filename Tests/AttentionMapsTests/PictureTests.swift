import AttentionMaps
import Foundation
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct PictureTests {
    /// A PNG taken apart, with every chunk's checksum checked.
    struct Picture {
        var width = 0
        var height = 0
        var palette: [[UInt8]] = []
        var pixels: [UInt8] = []

        init(_ data: Data) throws {
            let bytes = Array(data)
            try #require(Array(bytes.prefix(8)) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
            var position = 8
            var names: [String] = []
            while position < bytes.count {
                let length = Self.number(bytes[position..<position + 4])
                let checked = Array(bytes[position + 4..<position + 8 + length])
                let sum = Self.number(bytes[position + 8 + length..<position + 12 + length])
                #expect(Int(PNGEncoder.crc32(checked)) == sum)
                let name = String(decoding: checked.prefix(4), as: UTF8.self)
                names.append(name)
                try read(name, Array(checked.dropFirst(4)))
                position += 12 + length
            }
            #expect(names == ["IHDR", "PLTE", "IDAT", "IEND"])
        }

        private mutating func read(_ name: String, _ content: [UInt8]) throws {
            switch name {
            case "IHDR":
                width = Self.number(content[0..<4])
                height = Self.number(content[4..<8])
                #expect(Array(content[8...]) == [8, 3, 0, 0, 0])
            case "PLTE":
                palette = stride(from: 0, to: content.count, by: 3).map { Array(content[$0..<$0 + 3]) }
            case "IDAT":
                let lines = try #require(Inflater.zlib(content))
                try #require(lines.count == (width + 1) * height)
                for row in 0..<height {
                    #expect(lines[row * (width + 1)] == 0)
                    pixels += lines[row * (width + 1) + 1..<(row + 1) * (width + 1)]
                }
            default: break
            }
        }

        private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
            bytes.reduce(0) { $0 << 8 | Int($1) }
        }
    }

    @Test func checksumsMatchTheStandards() {
        #expect(PNGEncoder.crc32(Array("123456789".utf8)) == 0xCBF4_3926)
        // "Wikipedia" has the Adler-32 sum 0x11E60398.
        #expect(Array(Deflate.zlib(Array("Wikipedia".utf8), row: 1).suffix(4)) == [0x11, 0xE6, 0x03, 0x98])
    }

    @Test(arguments: [0, 1, 2, 3, 257, 258, 259, 1000, 70_000])
    func compressionLosesNothing(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        for row in [1, 2, 7, 300, 32_768, 40_000] {
            let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(Inflater.zlib(Deflate.zlib(noise, row: row)) == noise)
            let squares = (0..<count).map { UInt8(truncatingIfNeeded: $0 % row / 20 * 37) }
            #expect(Inflater.zlib(Deflate.zlib(squares, row: row)) == squares)
        }
    }

    /// A repeat of three bytes is shorter than the bytes: 12 bits in the place of 24.
    @Test func shortRepeatsAreFound() {
        // Header 2, block ⌈(3 + 3 · 8 + 12 + 7) / 8⌉ = 6, checksum 4.
        #expect(Deflate.zlib([1, 2, 3, 1, 2, 3], row: 3).count == 12)
        #expect(Inflater.zlib(Deflate.zlib([1, 2, 3, 1, 2, 3], row: 3)) == [1, 2, 3, 1, 2, 3])
        // Two bytes are not: 3 + 5 · 8 + 7 bits.
        #expect(Deflate.zlib([1, 2, 3, 1, 2], row: 3).count == 13)
    }

    /// Neighbours of one colour are one path, and others are not.
    @Test func svgShowsTheWeights() throws {
        let map = try AttentionMap(
            model: "m", text: "t", tokens: SampleMaps.tokens(["a", "b"]), layers: [0], heads: [0],
            weights: [1, 0, 0.5, 0.5])
        let svg = try map.svg(.mean)
        for path in ["M0 0h1v1h-1z", "M1 0h1v1h-1z", "M0 1h2v1h-2z"] {
            #expect(svg.contains(path), "\(path)")
        }
        #expect(!svg.contains("M0 0h2v1h-2z"))
    }

    @Test func pngShowsTheWeights() throws {
        let map = try AttentionMap(
            model: "m", text: "t", tokens: SampleMaps.tokens(["a", "b"]), layers: [0], heads: [0],
            weights: [1, 0, 0.5, 0.5])
        let picture = try Picture(map.png(.mean))
        // A square's 40 × 40 pixels of the strongest colour, and the colour scale's last column.
        let strongest = picture.pixels.filter { $0 == 239 }.count
        #expect((1600...1700).contains(strongest))
        #expect(picture.palette.count == 243)
        #expect(picture.palette[0] == [0xFA, 0xF7, 0xF3])
    }

    @Test(arguments: [nil, .mean, .rollout, .head(layer: 1, head: 2)] as [AttentionMap.Selection?])
    func drawsAwkwardTokens(selection: AttentionMap.Selection?) throws {
        for hidden in [[], .specialTokens] as [AttentionMap.HiddenKeys] {
            let map = try SampleMaps.map(
                TerminalTests.awkward, layers: 2, heads: 3, text: "]]>&<\u{0}\u{FFFF}中")
            let picture = try Picture(map.png(selection, hiding: hidden))
            #expect(Set(picture.pixels).count > 20)
            let svg = try map.svg(selection, hiding: hidden)
            #expect(XMLParser(data: Data(svg.utf8)).parse())
            #expect(!svg.contains("\u{1B}") && !svg.contains("\u{202E}"))
        }
    }

    @Test func drawsLettersOfManyScripts() throws {
        // One token is drawn twice, beside its row and above its column: its ink tells whether its letters
        // are there. An escape has far more ink than any letter.
        func ink(_ token: String) throws -> Int {
            let map = try SampleMaps.map([token], layers: 1, heads: 1, text: "t")
            let plain = UInt8(241)
            return try Picture(map.png(.mean)).pixels.count { $0 == plain }
        }
        let dot = try ink(".")
        for token in ["ö", "ő", "Ж", "λ", "中", "あ", "한", "ạ", "€", "↵", "ð", "Ω", "ก", "ß"] {
            let difference = try ink(token) - dot
            #expect((20...500).contains(difference), "\(token): \(difference)")
        }
        #expect(try ink("ö") != ink("o"))
        #expect(try ink("\u{F6}") == ink("o\u{308}"))
        #expect(try ink("ש") - dot > 2 * (ink("中") - dot))
    }

    @Test func namesTheScriptsThatItCannotDraw() throws {
        func scripts(_ tokens: [String]) throws -> [String] {
            try SampleMaps.map(tokens, layers: 1, heads: 1, text: tokens[0]).scriptsWithoutGlyphs
        }
        #expect(try scripts(["Grün", "中文", "Привет", "…", "안녕", " に", "\n"]) == [])
        #expect(
            try scripts(["سلام", "שלום", "नमस्ते", "👋", "𠀀"]) == [
                "Arabic", "Devanagari", "Hebrew", "emoji", "rare Chinese characters",
            ])
    }

    @Test func wideLettersTakeTwoColumns() throws {
        func width(_ token: String) throws -> Int {
            try Picture(SampleMaps.map([token], layers: 1, heads: 1, text: "t").png(.mean)).width
        }
        let name = "中文中文中文中文"
        #expect(try width(name) == width("abcdefghijklmnop"))
    }

    @Test(arguments: 0..<3)
    func unpacksWhatOthersCompress(kind: Int) throws {
        var expected = (0..<256).map { UInt8($0) } + [UInt8](repeating: 0, count: 500)
        if kind == 2 { expected += (0..<600).map { UInt8($0 * $0 % 23) } }
        let stream = try #require(Data(base64Encoded: ZlibSamples.streams[kind]))
        #expect(Inflate.zlib([UInt8](stream)) == expected)
        // Damage never traps, and is not taken for content.
        for place in 0..<stream.count {
            var damaged = [UInt8](stream)
            damaged[place] ^= 1 << UInt8(place % 8)
            #expect([nil, expected].contains(Inflate.zlib(damaged)))
            #expect(Inflate.zlib(Array(stream.prefix(place))) == nil)
        }
    }

    @Test func oneTokenAndManyTokens() throws {
        let one = try SampleMaps.map(["a"], layers: 1, heads: 1)
        #expect(try Picture(one.png()).width > 0)
        #expect(try one.svg(.mean).contains("M0 0h1v1h-1z"))
        let many = try SampleMaps.map((0..<1100).map { "t\($0)" }, layers: 1, heads: 1)
        #expect(try Picture(many.png(.mean)).width >= 1024)
    }

    @Test func picturesTooLargeAreRefused() throws {
        let count = 20_000
        let map = try AttentionMap(
            model: "m", text: "t", tokens: SampleMaps.tokens(["a"]), layers: Array(0..<count), heads: [0],
            weights: Array(repeating: 1, count: count))
        #expect(throws: AttentionMapError.self) { try map.png() }
    }

    @Test func svgEscapes() throws {
        let map = try SampleMaps.map(["<a href=\"x\">", "&amp;"], layers: 1, heads: 1, text: "<script>")
        let svg = try map.svg(.head(layer: 0, head: 0))
        #expect(svg.contains("&lt;a href=&quot;x&quot;&gt;") && svg.contains("&amp;amp;"))
        #expect(!svg.contains("<script>"))
        let quoted = try SampleMaps.map(["it's"], layers: 1, heads: 1, text: "'t").svg(.mean)
        #expect(quoted.contains("it&#39;s") && quoted.contains("&#39;t"))
    }
}
