/// A random number generator with a seed (SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A grammar over a few characters, and its language, found by the simplest method.
struct RandomGrammar {
    indirect enum Part {
        case text([UInt8])
        case set([UInt8])
        case rule(Int)
        case sequence([Part])
        case choice([Part])
        case repeated(Part, Int, Int?)
    }

    var rules: [Part]

    init(seed: UInt64, rules: Int = 3, alphabet: [UInt8] = Array("abc".utf8)) {
        var random = SplitMix(state: seed)
        self.rules = (0..<rules).map { _ in Self.part(3, rules, alphabet, &random) }
    }

    private static func part(
        _ depth: Int, _ rules: Int, _ alphabet: [UInt8], _ random: inout SplitMix
    ) -> Part {
        func parts(_ random: inout SplitMix) -> [Part] {
            (0..<Int.random(in: 1...3, using: &random)).map { _ in
                part(depth - 1, rules, alphabet, &random)
            }
        }
        func some(_ range: ClosedRange<Int>, _ random: inout SplitMix) -> [UInt8] {
            (0..<Int.random(in: range, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
        }
        switch Int.random(in: 0..<(depth > 0 ? 10 : 4), using: &random) {
        case 0: return .text(some(0...3, &random))
        case 1, 2: return .set(some(1...2, &random))
        case 3: return .rule(Int.random(in: 0..<rules, using: &random))
        case 4, 5, 6: return .sequence(parts(&random))
        case 7, 8: return .choice(parts(&random))
        default:
            let min = Int.random(in: 0...2, using: &random)
            let max: Int? =
                switch Int.random(in: 0...3, using: &random) {
                case 0: nil
                // Too many to be written out.
                case 1: min + 40
                case let extra: min + extra
                }
            return .repeated(part(depth - 1, rules, alphabet, &random), min, max)
        }
    }

    // MARK: As text

    var text: String {
        rules.enumerated().map { "\($0 == 0 ? "root" : "r\($0)") ::= \(Self.text($1))\n" }.joined()
    }

    private static func text(_ part: Part) -> String {
        func characters(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        switch part {
        case .text(let bytes): return "\"\(characters(bytes))\""
        case .set(let bytes): return "[\(characters(bytes))]"
        case .rule(let rule): return rule == 0 ? "root" : "r\(rule)"
        case .sequence(let parts): return "(" + parts.map(text).joined(separator: " ") + ")"
        case .choice(let parts): return "(" + parts.map(text).joined(separator: " | ") + ")"
        case .repeated(let part, let min, let max):
            return "(\(text(part))){\(min),\(max.map(String.init) ?? "")}"
        }
    }

    // MARK: What it means

    /// Whether the whole text follows the grammar: where each rule can end from each place, until nothing new
    /// is found.
    func matches(_ text: [UInt8]) -> Bool {
        // Bit `e` of `known[rule][s]`: the rule can stand from s to e.
        var known = [[UInt64]](repeating: [UInt64](repeating: 0, count: text.count + 1), count: rules.count)
        var isNew = true
        while isNew {
            isNew = false
            for rule in rules.indices {
                for start in 0...text.count {
                    let ends = Self.ends(rules[rule], 1 << UInt64(start), text, known)
                    if ends != known[rule][start] {
                        known[rule][start] = ends
                        isNew = true
                    }
                }
            }
        }
        return known[0][0] & (1 << UInt64(text.count)) != 0
    }

    private static func ends(_ part: Part, _ starts: UInt64, _ text: [UInt8], _ known: [[UInt64]]) -> UInt64 {
        func each(_ body: (Int) -> UInt64) -> UInt64 {
            (0...text.count).reduce(0) { starts & (1 << UInt64($1)) != 0 ? $0 | body($1) : $0 }
        }
        switch part {
        case .text(let bytes):
            return each { text[$0...].starts(with: bytes) ? 1 << UInt64($0 + bytes.count) : 0 }
        case .set(let bytes):
            return each { $0 < text.count && bytes.contains(text[$0]) ? 1 << UInt64($0 + 1) : 0 }
        case .rule(let rule): return each { known[rule][$0] }
        case .sequence(let parts): return parts.reduce(starts) { ends($1, $0, text, known) }
        case .choice(let parts): return parts.reduce(0) { $0 | ends($1, starts, text, known) }
        case .repeated(let part, let min, let max):
            var current = starts
            for _ in 0..<min { current = ends(part, current, text, known) }
            var all = current
            for _ in 0..<((max ?? 64) - min) {
                current = ends(part, current, text, known)
                if all | current == all { break }
                all |= current
            }
            return all
        }
    }
}
