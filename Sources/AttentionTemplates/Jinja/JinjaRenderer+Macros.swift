import AttentionJSON

/// Macros, and the blocks of calls.
extension JinjaRenderer {
    func makeMacro(_ definition: JinjaMacro) -> JinjaValue {
        captureFrames()
        macros.append((definition, frame))
        return .macro(macros.count - 1)
    }

    func callMacro(_ number: Int, _ arguments: JinjaArguments) throws(JinjaFault) -> JinjaValue {
        let (macro, scope) = macros[number]
        let before = pushFrame(parent: scope)
        try bind(arguments, to: macro)
        let text = try captured { () throws(JinjaFault) in _ = try execute(macro.body) }
        popFrame(to: before)
        return .string(text)
    }

    private func bind(_ arguments: JinjaArguments, to macro: JinjaMacro) throws(JinjaFault) {
        var keywords = arguments.keywords
        func taken(_ name: ExactString) -> JinjaValue? {
            keywords.firstIndex { $0.name == name }.map { keywords.remove(at: $0).value }
        }
        let parameters = macro.parameters
        let firstDefault = parameters.count - macro.defaults.count
        for (index, parameter) in parameters.enumerated() {
            if index < arguments.positional.count {
                set(parameter.symbol, arguments.positional[index])
            } else if let value = taken(parameter.name) {
                set(parameter.symbol, value)
            } else if index >= firstDefault {
                set(parameter.symbol, try evaluate(macro.defaults[index - firstDefault]))
            } else {
                set(parameter.symbol, .undefined(.other("parameter '\(parameter.name)' was not provided")))
            }
        }
        if let symbol = implicitSymbols["caller"], macro.implicit.contains("caller") {
            set(symbol, taken("caller") ?? .undefined(.other("No caller defined")))
        }
        if let symbol = implicitSymbols["kwargs"], macro.implicit.contains("kwargs") {
            var dictionary = JinjaDictionary()
            for (name, value) in keywords { try dictionary.set(.string(name.string), value) }
            set(symbol, .dictionary(dictionary))
        } else if let extra = keywords.first {
            throw .failed("macro '\(macro.name)' takes no keyword argument '\(extra.name)'")
        }
        let rest = arguments.positional.dropFirst(parameters.count)
        if let symbol = implicitSymbols["varargs"], macro.implicit.contains("varargs") {
            set(symbol, .tuple(try JinjaSequence(Array(rest))))
        } else if !rest.isEmpty {
            throw .failed("macro '\(macro.name)' takes not more than \(parameters.count) argument(s)")
        }
    }
}
