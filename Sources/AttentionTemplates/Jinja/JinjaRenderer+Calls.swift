import AttentionJSON
import Foundation

/// Functions, and the methods of everything but strings.
extension JinjaRenderer {
    /// The functions that every template is given.
    static let functions: Set<ExactString> = [
        "range", "dict", "namespace", "raise_exception", "strftime_now", "lipsum", "cycler", "joiner",
    ]

    func call(
        _ callee: JinjaExpression, _ arguments: JinjaExpression.Arguments, at position: Int
    ) throws(JinjaFault) -> JinjaValue {
        let function = try evaluate(callee)
        let values = try evaluate(arguments)
        self.position = position
        return try call(function, values)
    }

    func call(_ callee: JinjaValue, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaValue {
        switch callee {
        case .function(let name): return try callFunction(name, arguments)
        case .macro(let number): return try callMacro(number, arguments)
        case .loop(let id): return try callLoop(id, arguments)
        case .method(.string(let text), let name): return try callMethod(name, of: text, arguments)
        case .method(.dictionary(let dictionary), let name):
            return try callMethod(name, of: dictionary, arguments)
        case .method(.loop(let id), let name): return try callMethod(name, ofLoop: id, arguments)
        case .method(.float(let number), _): return .bool(number == number.rounded())
        case .method(let receiver, let name): return try callMethod(name, ofSequence: receiver, arguments)
        case .undefined(let undefined): throw .failed(undefined.message)
        default: throw .failed("'\(callee.typeName)' object is not callable")
        }
    }

    // MARK: Functions

    private func callFunction(_ name: ExactString, _ arguments: JinjaArguments) throws(JinjaFault)
        -> JinjaValue
    {
        switch name {
        case "range": return try range(arguments)
        case "dict": return .dictionary(try dictionary(arguments))
        case "namespace":
            let dictionary = try dictionary(arguments)
            namespaces.append([])
            for (key, value) in zip(dictionary.keys, dictionary.values) {
                try setAttribute(key.text?.name ?? "", of: namespaces.count - 1, to: value)
            }
            return .namespace(namespaces.count - 1)
        case "raise_exception":
            let message = try arguments.bound("message", required: 1, for: name)[0] ?? .null
            throw JinjaFault(.raised, try text(of: message).string)
        case "strftime_now":
            let format = try arguments.bound("format", required: 1, for: name)[0]?.text
            guard let format else { throw .failed("strftime_now needs a format") }
            return try string(JinjaText(time(format.string)))
        default: throw .unsupported("the function '\(name)'")
        }
    }

    private func range(_ arguments: JinjaArguments) throws(JinjaFault) -> JinjaValue {
        let bounds = try arguments.bound("start", "stop", "step", required: 1, for: "range")
        var numbers: [Int] = []
        for bound in bounds.compactMap({ $0 }) {
            guard let number = bound.integer else {
                throw .failed("'\(bound.typeName)' object cannot be interpreted as an integer")
            }
            numbers.append(number)
        }
        let (start, stop) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        let step = numbers.count == 3 ? numbers[2] : 1
        guard step != 0 else { throw .failed("range() arg 3 must not be zero") }
        guard step > 0 ? start < stop : start > stop else { return try list([]) }
        let distance = (step > 0 ? stop : start).subtractingReportingOverflow(step > 0 ? start : stop)
        // The limit of the reference's sandbox.
        let greatestCount = 100_000
        guard !distance.overflow,
            (distance.partialValue - 1) / Int(clamping: step.magnitude) < greatestCount
        else { throw JinjaFault(.tooCostly, "a range of more than \(greatestCount) numbers") }
        return try list(stride(from: start, to: stop, by: step).map(JinjaValue.integer))
    }

    private func dictionary(_ arguments: JinjaArguments) throws(JinjaFault) -> JinjaDictionary {
        var dictionary = JinjaDictionary()
        guard arguments.positional.count <= 1 else { throw .failed("dict takes at most 1 argument") }
        if let first = arguments.positional.first {
            if case .dictionary(let other) = first {
                try charge(other.keys.count)
                dictionary = other
            } else {
                for pair in try items(of: first) {
                    let pair = try items(of: pair)
                    guard pair.count == 2 else { throw .failed("dict needs pairs of key and value") }
                    try charge(units: pair[0].text?.count ?? 0)
                    try dictionary.set(pair[0], pair[1])
                }
            }
        }
        for (name, value) in arguments.keywords { try dictionary.set(.string(name.string), value) }
        return dictionary
    }

    /// The time as C's `strftime` writes it, which is also what Python calls.
    private func time(_ format: String) throws(JinjaFault) -> String {
        guard format.utf8.count <= 1000, !format.utf8.contains(0) else {
            throw .failed("strftime_now takes a format of at most 1000 bytes")
        }
        guard !ExactString(format).contains("%f") else { throw .unsupported("'%f' in strftime_now") }
        guard !format.isEmpty else { return "" }
        var seconds = time_t(now)
        var parts = tm()
        localtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 8192)
        // A space in front tells nothing written from too much.
        let count = strftime(&buffer, buffer.count, " " + format, &parts)
        guard count > 0 else { throw .failed("strftime_now: the time would take more than 8 KiB") }
        return String(decoding: buffer[1..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: Loops

    private func callLoop(_ id: Int, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaValue {
        guard let loop = loops.last(where: { $0.id == id }) else { throw .failed("the loop is over") }
        guard loop.statement.isRecursive else {
            throw .failed("The loop must have the 'recursive' marker to be called recursively.")
        }
        let value = try arguments.bound("iterable", required: 1, for: "loop")[0] ?? .null
        let before = pushFrame(parent: loop.frame)
        let text = try captured { () throws(JinjaFault) in
            try run(loop.statement, over: loopItems(loop.statement, in: value), depth: loop.depth + 1)
        }
        popFrame(to: before)
        return .string(text)
    }

    private func callMethod(
        _ name: ExactString, ofLoop id: Int, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        guard let place = loops.lastIndex(where: { $0.id == id }) else { throw .failed("the loop is over") }
        let values = arguments.positional
        if name == "cycle" {
            guard !values.isEmpty else { throw .failed("no items for cycling given") }
            return values[loops[place].index % values.count]
        }
        var isChanged = true
        if let last = loops[place].lastChanged, last.count == values.count {
            isChanged = false
            for (a, b) in zip(last, values) where try !equal(a, b) { isChanged = true }
        }
        loops[place].lastChanged = values
        return .bool(isChanged)
    }

    // MARK: Dictionaries and sequences

    private func callMethod(
        _ name: ExactString, of dictionary: JinjaDictionary, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        if name == "get" {
            let values = try arguments.bound("key", "default", required: 1, for: "get")
            let key = values[0] ?? .null
            try charge(units: key.text?.count ?? 0)
            guard JinjaDictionary.Key(key) != nil || key.isUndefined else {
                throw .failed("unhashable type: '\(key.typeName)'")
            }
            return dictionary[key] ?? values[1] ?? .null
        }
        try charge(2 * dictionary.keys.count)
        switch name {
        case "items":
            try arguments.none(for: name)
            return try list(dictionary.items)
        case "keys":
            try arguments.none(for: name)
            return try list(dictionary.keys)
        case "values":
            try arguments.none(for: name)
            return try list(dictionary.values)
        case "copy": return .dictionary(dictionary)
        default: throw .unsupported("the method '\(name)' of a dictionary")
        }
    }

    private func callMethod(
        _ name: ExactString, ofSequence receiver: JinjaValue, _ arguments: JinjaArguments
    ) throws(JinjaFault) -> JinjaValue {
        if name == "copy" { return receiver }
        let wanted = try arguments.bound("value", required: 1, for: name)[0] ?? .null
        var count = 0
        for (index, item) in try items(of: receiver).enumerated() where try equal(item, wanted) {
            if name == "index" { return .integer(index) }
            count += 1
        }
        guard name == "count" else { throw .failed("the value is not in the \(receiver.typeName)") }
        return .integer(count)
    }
}
