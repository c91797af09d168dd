import AttentionJSON

/// The arguments of a call.
struct JinjaArguments {
    var positional: [JinjaValue] = []
    var keywords: [(name: ExactString, value: JinjaValue)] = []

    /// The values by the names of the parameters, nil where there is none.
    ///
    /// - Parameter required: how many of the first parameters must be there.
    /// - Throws: for too many or too few arguments, and names that no parameter has.
    func bound(
        _ parameters: ExactString..., required: Int = 0, for function: ExactString
    ) throws(JinjaFault) -> [JinjaValue?] {
        guard positional.count <= parameters.count else {
            throw .failed(
                "\(function) takes at most \(parameters.count) arguments (\(positional.count) given)")
        }
        var values: [JinjaValue?] =
            positional + Array(repeating: nil, count: parameters.count - positional.count)
        for (name, value) in keywords {
            guard let index = parameters.firstIndex(of: name), values[index] == nil else {
                throw .failed("\(function) got an unexpected argument '\(name)'")
            }
            values[index] = value
        }
        for (index, name) in parameters.prefix(required).enumerated() where values[index] == nil {
            throw .failed("\(function) needs the argument '\(name)'")
        }
        return values
    }

    func none(for function: ExactString) throws(JinjaFault) { _ = try bound(for: function) }
}

extension JinjaRenderer {
    func evaluate(_ arguments: JinjaExpression.Arguments) throws(JinjaFault) -> JinjaArguments {
        var values = JinjaArguments()
        for argument in arguments.positional { values.positional.append(try evaluate(argument)) }
        if let spread = arguments.spread { values.positional += try items(of: evaluate(spread)) }
        for (name, value) in arguments.keywords { values.keywords.append((name, try evaluate(value))) }
        if let spread = arguments.keywordSpread {
            let value = try evaluate(spread)
            guard case .dictionary(let dictionary) = value else {
                throw .failed("argument after ** must be a mapping, not \(value.typeName)")
            }
            try charge(dictionary.keys.count)
            for (key, value) in zip(dictionary.keys, dictionary.values) {
                guard let name = key.text else { throw .failed("keywords must be strings") }
                values.keywords.append((ExactString(name.string), value))
            }
        }
        return values
    }
}
