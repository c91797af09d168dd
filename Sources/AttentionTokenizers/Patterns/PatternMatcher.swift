/// Runs a program over one text.
struct PatternMatcher {
    /// The text takes more steps than it may.
    struct OutOfBudget: Error {
        let steps: Int
    }

    private typealias Instruction = PatternProgram.Instruction

    private let program: PatternProgram
    private let text: UnsafeBufferPointer<AlignedScalar>
    /// The alternatives that are left to be tried, the last first.
    private var jobs: [Job] = []
    /// Two bits for every split at every place: whether it is being tried, and whether it has failed.
    private var memo: [UInt64]
    private let places: Int
    private let budget: Int
    private var steps = 0

    private struct Job {
        var instruction: Int32
        var place: Int32

        /// Not to be tried: the split behind has failed when this is reached.
        var isMark: Bool { instruction < 0 }
    }

    /// The most that the memo may take, in bits.
    private static let greatestMemo = 1 << 31

    init(program: PatternProgram, text: UnsafeBufferPointer<AlignedScalar>) throws(OutOfBudget) {
        self.program = program
        self.text = text
        places = text.count + 1
        // Remembering what failed bounds the steps of one search by the program's length at each place.
        budget = 16 * program.instructions.count * (places + 1000)
        guard program.splitCount * places * 2 <= Self.greatestMemo else { throw OutOfBudget(steps: budget) }
        memo = [UInt64](repeating: 0, count: (program.splitCount * places * 2 + 63) / 64)
    }

    /// All matches, from left to right and without overlap. None is empty where the one before ended.
    mutating func matches() throws(OutOfBudget) -> [Range<Int>] {
        var matches: [Range<Int>] = []
        var start = 0
        while start <= text.count {
            guard let end = try match(instruction: 0, at: start) else {
                start += 1
                continue
            }
            if program.hasEmptyLoops {
                // In loops around nothing a split can fail only because it is being tried already.
                steps += memo.count
                for index in memo.indices { memo[index] = 0 }
            }
            if end > start {
                matches.append(start..<end)
                start = end
            } else {
                if matches.last?.upperBound != start { matches.append(start..<start) }
                start += 1
            }
        }
        return matches
    }

    /// The end of the first match of the part at an instruction.
    private mutating func match(instruction: Int, at place: Int) throws(OutOfBudget) -> Int? {
        let base = jobs.count
        var instruction = instruction
        var place = place
        while true {
            if let end = try run(&instruction, &place) {
                abandonJobs(above: base)
                return end
            }
            guard let job = nextJob(above: base) else { return nil }
            instruction = Int(job.instruction)
            place = Int(job.place)
        }
    }

    /// The next job that is one, with the marks before it put into the memo.
    private mutating func nextJob(above base: Int) -> Job? {
        while jobs.count > base {
            let job = jobs.removeLast()
            if !job.isMark { return job }
            setMemo(job, isTried: false, hasFailed: true)
        }
        return nil
    }

    /// Takes back that the splits on the way to a match are being tried; they have not failed.
    private mutating func abandonJobs(above base: Int) {
        for job in jobs[base...] where job.isMark { setMemo(job, isTried: false, hasFailed: false) }
        jobs.removeLast(jobs.count - base)
    }

    /// Follows the program to the end of a match, or until it fails.
    private mutating func run(_ instruction: inout Int, _ place: inout Int) throws(OutOfBudget) -> Int? {
        while true {
            steps += 1
            if steps > budget { throw OutOfBudget(steps: budget) }
            switch program.instructions[instruction] {
            case .set(let set):
                guard place < text.count, program.sets[set].contains(text[place].scalar) else { return nil }
                place += 1
                instruction += 1
            case .split(let first, let second, let memo):
                let mark = Job(instruction: ~Int32(memo), place: Int32(place))
                guard isUntried(mark) else { return nil }
                setMemo(mark, isTried: true, hasFailed: false)
                jobs.append(mark)
                jobs.append(Job(instruction: Int32(second), place: Int32(place)))
                instruction = first
            case .jump(let target): instruction = target
            case .lookAhead(let start, let negated):
                guard (try match(instruction: start, at: place) != nil) != negated else { return nil }
                instruction += 1
            case .lookBehind(let start, let length, let negated):
                let isThere =
                    place >= length
                    ? try match(instruction: start, at: place - length) != nil : false
                guard isThere != negated else { return nil }
                instruction += 1
            case .atomic(let start):
                guard let end = try match(instruction: start, at: place) else { return nil }
                place = end
                instruction += 1
            case .anchor(let anchor):
                guard holds(anchor, at: place) else { return nil }
                instruction += 1
            case .accept: return place
            }
        }
    }

    // MARK: The memo

    private func bit(_ mark: Job) -> (word: Int, shift: UInt64) {
        let index = (Int(~mark.instruction) * places + Int(mark.place)) * 2
        return (index >> 6, UInt64(index & 63))
    }

    private func isUntried(_ mark: Job) -> Bool {
        let (word, shift) = bit(mark)
        return memo[word] >> shift & 3 == 0
    }

    private mutating func setMemo(_ mark: Job, isTried: Bool, hasFailed: Bool) {
        let (word, shift) = bit(mark)
        memo[word] = memo[word] & ~(3 << shift) | (isTried ? 1 : hasFailed ? 2 : 0) << shift
    }

    // MARK: Anchors

    private func holds(_ anchor: PatternNode.Anchor, at place: Int) -> Bool {
        switch anchor {
        case .textStart: place == 0
        case .textEnd: place == text.count
        case .textEndOrLastNewline:
            place == text.count || place + 1 == text.count && text[place].scalar == "\n"
        case .lineStart: place == 0 || text[place - 1].scalar == "\n" && place < text.count
        case .lineEnd: place == text.count || text[place].scalar == "\n"
        case .wordBoundary: isWord(place - 1) != isWord(place)
        case .noWordBoundary: isWord(place - 1) == isWord(place)
        }
    }

    private func isWord(_ place: Int) -> Bool {
        text.indices.contains(place) && ScalarSet.word.contains(text[place].scalar)
    }
}
