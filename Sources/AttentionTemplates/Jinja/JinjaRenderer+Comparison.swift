/// Comparison and order, as Python has them.
extension JinjaRenderer {
    func comparison(
        _ first: JinjaExpression, _ rest: [(JinjaExpression.Comparison, JinjaExpression)]
    ) throws(JinjaFault) -> JinjaValue {
        var left = try evaluate(first)
        for (comparison, operand) in rest {
            let right = try evaluate(operand)
            guard try compare(comparison, left, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    func compare(
        _ comparison: JinjaExpression.Comparison, _ left: JinjaValue, _ right: JinjaValue
    ) throws(JinjaFault) -> Bool {
        switch comparison {
        case .equal: try equal(left, right)
        case .unequal: try !equal(left, right)
        case .less: try precedes(left, right, "<")
        case .greater: try precedes(right, left, ">")
        case .lessOrEqual: try precedes(left, right, "<=") ? true : equal(left, right)
        case .greaterOrEqual: try precedes(right, left, ">=") ? true : equal(left, right)
        case .within: try contains(right, left)
        case .without: try !contains(right, left)
        }
    }

    func equal(_ left: JinjaValue, _ right: JinjaValue) throws(JinjaFault) -> Bool {
        try charge()
        switch (left, right) {
        case (.string(let a), .string(let b)):
            guard a.count == b.count else { return false }
            try charge(units: a.count)
            return a == b
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            guard a.items.count == b.items.count else { return false }
            for (x, y) in zip(a.items, b.items) where try !equal(x, y) { return false }
            return true
        case (.dictionary(let a), .dictionary(let b)):
            guard a.keys.count == b.keys.count else { return false }
            for (key, value) in zip(a.keys, a.values) {
                try charge(units: key.text?.count ?? 0)
                guard let other = b[key], try equal(value, other) else { return false }
            }
            return true
        case (.method(let a, let first), .method(let b, let second)):
            return try first == second ? equal(a, b) : false
        default: return left.scalarEquals(right)
        }
    }

    /// Whether `left` comes before `right`.
    func precedes(_ left: JinjaValue, _ right: JinjaValue, _ symbol: String = "<") throws(JinjaFault) -> Bool
    {
        try charge()
        if let a = left.integer, let b = right.integer { return a < b }
        if let order = left.order(beside: right) { return order == .less }
        switch (left, right) {
        case (.undefined(let undefined), _), (_, .undefined(let undefined)):
            throw .failed(undefined.message)
        case (.string(let a), .string(let b)):
            try charge(units: min(a.count, b.count))
            return a.precedes(b)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (x, y) in zip(a.items, b.items) where try !equal(x, y) { return try precedes(x, y, symbol) }
            return a.items.count < b.items.count
        default:
            throw .failed(
                "'\(symbol)' not supported between instances of '\(left.typeName)' and '\(right.typeName)'")
        }
    }

    /// `element in container`
    func contains(_ container: JinjaValue, _ element: JinjaValue) throws(JinjaFault) -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let wanted) = element else {
                throw .failed("'in <string>' requires string as left operand, not \(element.typeName)")
            }
            try charge(units: text.count + wanted.count)
            return text.first(wanted) != nil
        case .dictionary(let dictionary):
            try charge(units: element.text?.count ?? 0)
            guard JinjaDictionary.Key(element) != nil || element.isUndefined else {
                throw .failed("unhashable type: '\(element.typeName)'")
            }
            return dictionary[element] != nil
        default:
            for item in try items(of: container) where try equal(item, element) { return true }
            return false
        }
    }

    /// A merge sort: equal items keep their order.
    func sorted<Element>(
        _ items: [Element], by precedes: (Element, Element) throws(JinjaFault) -> Bool
    ) throws(JinjaFault) -> [Element] {
        guard items.count > 1 else { return items }
        let middle = items.count / 2
        let left = try sorted(Array(items[..<middle]), by: precedes)
        let right = try sorted(Array(items[middle...]), by: precedes)
        var result: [Element] = []
        result.reserveCapacity(items.count)
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
            if try precedes(right[j], left[i]) {
                result.append(right[j])
                j += 1
            } else {
                result.append(left[i])
                i += 1
            }
        }
        return result + left[i...] + right[j...]
    }
}
