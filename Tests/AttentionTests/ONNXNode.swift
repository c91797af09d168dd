import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport

/// One node of a case of the ONNX backend tests, with its inputs and outputs.
struct ONNXNode: Sendable, CustomStringConvertible {
    /// The case's name.
    let name: String
    /// The operator, such as `Attention` or `Softmax`.
    let operation: String
    /// The node's inputs in the operator's order; empty where one is left out.
    let inputs: [String]
    let outputs: [String]
    let attributes: Attributes

    var description: String { name }

    /// A node's attributes, by name.
    struct Attributes: Decodable, Sendable {
        private enum Value: Decodable, Sendable {
            case number(Double)
            case text(String)

            init(from decoder: any Decoder) throws {
                let value = try decoder.singleValueContainer()
                if let number = try? value.decode(Double.self) {
                    self = .number(number)
                } else {
                    self = .text(try value.decode(String.self))
                }
            }
        }

        private let values: [String: Value]

        init(from decoder: any Decoder) throws { values = try [String: Value](from: decoder) }

        var names: Set<String> { Set(values.keys) }

        func integer(_ name: String) -> Int? { number(name).map { Int($0) } }

        func number(_ name: String) -> Double? {
            if case .number(let number)? = values[name] { number } else { nil }
        }

        func text(_ name: String) -> String? {
            if case .text(let text)? = values[name] { text } else { nil }
        }
    }

    private struct Record: Decodable, Sendable {
        let `operator`: String
        let inputs, outputs: [String]
        let attributes: Attributes
    }

    private let stored: FixtureTensors

    private init(_ found: FixtureCase<Record>) {
        name = found.name
        operation = found.attributes.operator
        (inputs, outputs) = (found.attributes.inputs, found.attributes.outputs)
        attributes = found.attributes.attributes
        stored = found.tensors
    }

    /// All nodes of these operators, by the cases' names.
    static func all(_ operations: Set<String>) throws -> [ONNXNode] {
        let file = try SafetensorsFile(path: Locations.fixture("AttentionTests", "onnx.safetensors").path)
        return try Fixture(file, metadata: file.metadata).cases(Record.self).map(ONNXNode.init)
            .filter { operations.contains($0.operation) }
    }

    /// The case's tensors, by the names of the node's inputs and outputs.
    func tensors() throws -> [String: StoredTensor] {
        let names = (inputs + outputs).filter { !$0.isEmpty }
        return try Dictionary(uniqueKeysWithValues: names.map { ($0, try stored.stored($0)) })
    }
}
