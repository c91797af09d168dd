import AttentionMaps
import Foundation
import Testing

/// The pages in a browser: their drawings, and their answers to an address, a mouse and a keyboard.
@Suite(.enabled(if: Browser.path != nil, "needs Chromium on PATH or in CHROME"))
struct HTMLBrowserTests {
    static let cross = Result {
        try AttentionMap(
            model: "m", text: "Guten Tag", queries: [.init("Good"), .init("day")],
            keys: [.init("Guten"), .init("Tag"), .init("</s>", isSpecial: true)], layers: [4], heads: [2],
            weights: [0.7, 0.2, 0.1, 0, 0, 0])
    }

    private static let reading = """
        for (const id of ['map-title', 'reading-title', 'readout', 'sum-note', 'rest', 'special-why', 'first-label'])
          values[id] = text(id);
        values.chips = chips('keys');
        values.hash = page.location.hash;
        """

    /// All visits, made by one browser.
    private static let results = Result {
        let sample = try SampleMaps.map().html()
        let many = try SampleMaps.map((0..<256).map { "t\($0)" }, layers: 4, heads: 8).html()
        let hostile = try SampleMaps.map(
            HTMLTests.hostile, layers: 1, heads: 1, text: "</title><script>alert(1)</script>")
        let story = try SampleMaps.story()
        let generated = try SampleMaps.story(onlyGenerated: true)
        return try Browser.run([
            PageVisit(
                name: "address", html: sample, fragment: "#layer=1&head=2&query=3&key=4&theme=dark",
                script: reading),
            PageVisit(
                name: "hidden", html: sample, fragment: "#layer=3&head=mean&special=hidden&query=0",
                script: reading),
            PageVisit(
                name: "hostile", html: hostile.html(),
                fragment: "#layer=99&head=<script>&query=-1&key=1e9&theme=\"><script>", script: reading),
            PageVisit(name: "one", html: SampleMaps.map(["a"], layers: 1, heads: 1).html(), script: reading),
            PageVisit(
                name: "cross", html: cross.get().html(), fragment: "#query=1&special=hidden", script: reading),
            PageVisit(name: "bits", html: many, fragment: "#layer=2&head=4&query=9&key=9", script: reading),
            PageVisit(name: "start", html: story.html(), script: reading + startScript),
            PageVisit(
                name: "command", html: sampleWithChoice(), script: reading),
            PageVisit(name: "layers", html: story.html(), script: manyLayersScript),
            PageVisit(name: "phone", html: story.html(), width: 390, height: 844, script: phoneScript),
            PageVisit(
                name: "later", html: story.html(), fragment: "#layer=2&head=1&query=8&key=11",
                script: reading + masksScript),
            PageVisit(
                name: "generated", html: generated.html(), fragment: "#query=0", script: reading + startScript
            ),
            PageVisit(
                name: "keyboard", html: sample, fragment: "#layer=0&head=0&query=3", script: keyboardScript),
        ])
    }

    private static func sampleWithChoice() throws -> String {
        try SampleMaps.map().html(.meanOfHeads(layer: 4), hiding: .specialTokens)
    }

    private func result(_ name: String) throws -> PageResult {
        let results = try Self.results.get()
        #expect(results.console.isEmpty)
        let page = try PageResult(#require(results.pages[name]))
        #expect(page.error == nil)
        return page
    }

    @Test func drawsEveryHeadAndReadsItsAddress() throws {
        let page = try result("address")
        // 6 × 12 heads, 6 means, roll-out and the mean of all
        #expect(page.text("ready") == "80" && page.text("map") == "17x17")
        #expect(page.text("map-title") == "Layer 1, head 2")
        #expect(page.text("reading-title") == "“cat” looks at…")
        let weight = try SampleMaps.map().weights(layer: 1, head: 2)[query: 3, key: 4]
        #expect(page.text("readout") == "“cat” → “sat”: \(String(format: "%.4f", weight))")
        #expect(page.text("theme") == "dark")
        #expect(page.text("special-why") == "")
    }

    @Test func hidesSpecialTokensAndScalesTheRest() throws {
        let page = try result("hidden")
        #expect(page.text("map") == "17x15")
        #expect(page.text("map-title") == "Layer 3, mean of its heads")
        #expect(page.text("sum-note")?.contains("scaled to sum to 1 again") == true)
        let chips = try #require(page.texts("chips"))
        #expect(chips.first == "hidden" && chips.last == "hidden")
        let shown = chips.compactMap { Float($0) }
        let expected = try SampleMaps.map().averagedOverHeads(layer: 3)
            .keepingKeys(Array(1...15), renormalizing: true)
        #expect(shown.count == 15)
        for (left, right) in zip(shown, expected.row(0)) { #expect(abs(left - right) < 1e-4) }
        #expect(abs(shown.reduce(0, +) - 1) < 1e-3)
    }

    @Test func hostileTokensStayText() throws {
        let page = try result("hostile")
        #expect(page.text("ready") == "4")
        #expect(page.text("map-title") == "Layer 0, head 0")
        #expect(page.number("scripts") == 2)
    }

    @Test func oneTokenAndCrossAttention() throws {
        let one = try result("one")
        #expect(one.text("map") == "1x1")
        #expect(one.text("readout") == "Token 1 of 1: “a”")
        #expect(one.text("special-why") == "(there are none)")
        let cross = try result("cross")
        #expect(cross.text("ready") == "3" && cross.text("map") == "2x2")
        #expect(cross.text("readout") == "Token 2 of 2: “day”; it looks at hidden tokens only")
    }

    @Test func eightBitsAreCloseEnough() throws {
        let page = try result("bits")
        #expect(page.text("ready") == "38")
        let map = try SampleMaps.map((0..<256).map { "t\($0)" }, layers: 4, heads: 8)
        let shown = try #require(page.text("readout")?.firstMatch(of: /→ “t9”: ([0-9.]+)$/))
        let weight = try map.weights(layer: 2, head: 4)[query: 9, key: 9]
        #expect(abs(try #require(Float(shown.output.1)) - weight) < 0.0045)
    }

    // MARK: The start

    private static let startScript = """
        values.sentence = at('sentence').textContent;
        values.inserted = at('sentence').querySelector('ins')?.textContent ?? '';
        values.disabled = at('special').disabled;
        values.firstShown = !at('first-switch').hidden;
        const centre = box => (box.left + box.right) / 2;
        values.offCentre = Math.max(...[...at('keys').children].map(chip => {
          const range = page.document.createRange();
          range.selectNodeContents(chip.firstChild);
          return Math.abs(centre(range.getBoundingClientRect()) - centre(chip.getBoundingClientRect()));
        }));
        values.underlined = [...at('keys').children].filter(chip => chip.classList.contains('generated')).length;
        """

    @Test func opensOnTheHeadThatShowsMost() throws {
        let page = try result("start")
        #expect(page.text("map-title") == "Layer 16, head 4")
        #expect(page.text("readout") == "Token 11 of 13: “it”")
    }

    @Test func opensOnTheCommandsChoice() throws {
        let page = try result("command")
        #expect(page.text("map-title") == "Layer 4, mean of its heads")
        #expect(page.text("map") == "17x15")
    }

    @Test func showsTheGeneratedTextApart() throws {
        let page = try result("generated")
        #expect(page.text("sentence") == "The capital of France is called\n Paris,\nwhere it rains.")
        #expect(page.text("inserted") == " Paris,\nwhere it rains.")
        #expect(page.number("underlined") == 6)
        #expect(try result("start").text("inserted") == "")
    }

    @Test func namesAreCentredAndShowNoEscapes() throws {
        let page = try result("start")
        #expect(try #require(page.number("offCentre")) < 1)
        let story = try SampleMaps.story().html()
        #expect(!story.contains(#"\\n"#))
        #expect(story.contains("↵"))
    }

    @Test func saysWhyASwitchIsOff() throws {
        let page = try result("start")
        #expect(page.isTrue("disabled"))
        #expect(page.text("special-why") == "(there are none)")
        #expect(page.isTrue("firstShown") && page.text("first-label") == "Hide the first token (The)")
    }

    // MARK: Tokens that cannot be seen

    private static let masksScript = """
        page.location.hash = '#layer=0&head=1&query=8&key=0';
        await pause(50);
        at('first').click();
        values.withoutFirst = chips('keys');
        values.columns = page.document.documentElement.dataset.map;
        await pause(300);
        values.address = page.location.hash;
        """

    @Test func tokensThatCannotBeSeenSaySo() throws {
        let page = try result("later")
        #expect(page.text("readout") == "“,” cannot see “rains”: it comes later.")
        let chips = try #require(page.texts("chips"))
        try #require(chips.count > 9)
        // The window of layer 2 reaches from the sixth to the ninth token.
        #expect(chips[0...4].allSatisfy { $0 == "unseen" } && chips[9...].allSatisfy { $0 == "later" })
        #expect(chips[5...8].allSatisfy { Float($0) != nil })
        #expect(page.text("rest") == "")
    }

    @Test func theFirstTokensColumnCanBeHidden() throws {
        let page = try result("later")
        let chips = try #require(page.texts("withoutFirst"))
        try #require(!chips.isEmpty)
        #expect(chips[0] == "hidden" && page.text("columns") == "13x12")
        #expect(abs(chips.compactMap { Float($0) }.reduce(0, +) - 1) < 1e-3)
        #expect(page.text("address")?.contains("first=hidden") == true)
    }

    @Test func rowsOfGeneratedTokensOnly() throws {
        let page = try result("generated")
        #expect(page.text("map") == "6x13")
        #expect(page.text("readout") == "Token 8 of 13: “Paris”")
        #expect(page.texts("chips")?[8] == "later")
    }

    // MARK: Many layers

    private static let manyLayersScript = """
        const height = page.innerHeight;
        const isInSight = id => box(id).top >= 0 && box(id).bottom <= height;
        values.mapAtStart = isInSight('map') && isInSight('detail');
        values.frameScrolls = at('frame').scrollHeight > at('frame').clientHeight
          && at('frame').clientHeight < height / 2;
        const chosen = () => page.document.querySelector('[aria-pressed=true].thumb').getBoundingClientRect();
        const frame = box('frame');
        values.chosenInFrame = chosen().top >= frame.top && chosen().bottom <= frame.bottom;
        page.scrollTo(0, 1e6);
        await pause(50);
        values.scrolled = page.scrollY > 60;
        values.mapAfterScrolling = isInSight('map');
        page.scrollTo(0, 60);
        await pause(50);
        const before = { picture: at('map').toDataURL(), y: page.scrollY };
        [...page.document.querySelectorAll('.thumb')].find(thumb => thumb.title === 'Layer 29, head 8').click();
        values.title = text('map-title');
        values.pictureChanged = at('map').toDataURL() !== before.picture;
        values.stays = page.scrollY === before.y;
        values.chosenLast = chosen().bottom <= box('frame').bottom;
        """

    @Test func theMapStaysInSightBesideManyLayers() throws {
        let page = try result("layers")
        for name in [
            "mapAtStart", "frameScrolls", "chosenInFrame", "scrolled", "mapAfterScrolling", "pictureChanged",
            "stays", "chosenLast",
        ] { #expect(page.isTrue(name), "\(name)") }
        #expect(page.text("title") == "Layer 29, head 8")
    }

    private static let phoneScript = """
        values.fits = page.document.documentElement.scrollWidth <= page.innerWidth;
        values.mapFirst = box('detail').bottom <= box('frame').top;
        values.mapInSight = box('map').top >= 0 && box('map').bottom <= page.innerHeight;
        const last = [...page.document.querySelectorAll('.thumb')].at(-1);
        page.scrollTo(0, 1e6);
        await pause(50);
        values.outOfSight = box('map').bottom <= 0;
        last.click();
        await pause(50);
        values.backInSight = box('map').top >= 0 && box('map').top < page.innerHeight / 2;
        values.title = text('map-title');
        """

    @Test func onAPhoneTheMapComesFirst() throws {
        let page = try result("phone")
        for name in ["fits", "mapFirst", "mapInSight", "outOfSight", "backInSight"] {
            #expect(page.isTrue(name), "\(name)")
        }
        #expect(page.text("title") == "Mean of all layers and heads")
    }

    private static let keyboardScript = """
        press(at('scroller'), 'ArrowDown');
        press(at('scroller'), 'ArrowRight');
        press(at('scroller'), 'ArrowRight');
        values.readout = text('readout');
        const first = page.document.querySelector('.thumb[tabindex="0"]');
        first.focus();
        press(first, 'ArrowDown');
        press(page.document.activeElement, 'ArrowRight');
        page.document.activeElement.click();
        values.title = text('map-title');
        at('scale').click();
        values.largest = text('largest');
        at('theme').click();
        values.dark = page.document.documentElement.dataset.theme;
        """

    @Test func theKeyboardReachesEverything() throws {
        let page = try result("keyboard")
        #expect(page.text("readout")?.hasPrefix("“sat” → “the”: ") == true)
        #expect(page.text("title") == "Layer 1, head 1")
        #expect(page.text("largest") == "1.000")
        #expect(page.text("dark") == "dark")
    }
}
