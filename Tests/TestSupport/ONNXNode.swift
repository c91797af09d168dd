import AttentionFiles
import AttentionTensors
import Foundation

/// One node of a published case of the ONNX backend tests, with its inputs and outputs.
public struct ONNXNode: Sendable, CustomStringConvertible {
    /// The case's name.
    public let name: String
    /// The operator, such as `Attention` or `Softmax`.
    public let operation: String
    /// The node's inputs in the operator's order; empty where one is left out.
    public let inputs: [String]
    public let outputs: [String]
    public let attributes: Attributes

    public var description: String { name }

    /// A node's attributes, by name.
    public struct Attributes: Decodable, Sendable {
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

        public init(from decoder: any Decoder) throws { values = try [String: Value](from: decoder) }

        public var names: Set<String> { Set(values.keys) }

        public func integer(_ name: String) -> Int? { number(name).map { Int($0) } }

        public func number(_ name: String) -> Double? {
            if case .number(let number)? = values[name] { number } else { nil }
        }

        public func text(_ name: String) -> String? {
            if case .text(let text)? = values[name] { text } else { nil }
        }
    }

    private struct Node: Decodable {
        let op: String
        let inputs, outputs: [String]
        let attrs: Attributes
    }

    private struct Entry: Decodable { let nodes: [Node] }

    private static var folder: URL? { Locations.data?.appendingPathComponent("onnx-operator-cases") }

    /// All nodes of these operators, by the cases' names; none where the data is absent.
    public static func all(_ operations: Set<String>) throws -> [ONNXNode] {
        guard let folder else { return [] }
        let manifest = try Data(contentsOf: folder.appendingPathComponent("manifest.json"))
        return try JSONDecoder().decode([String: Entry].self, from: manifest)
            .sorted { $0.key < $1.key }
            .flatMap { name, entry in
                entry.nodes.filter { operations.contains($0.op) }.map {
                    ONNXNode(
                        name: name, operation: $0.op, inputs: $0.inputs, outputs: $0.outputs,
                        attributes: $0.attrs)
                }
            }
    }

    /// The case's tensors, by the names of the node's inputs and outputs.
    public func tensors() throws -> [String: StoredTensor] {
        guard let folder = Self.folder else { return [:] }
        let file = try SafetensorsFile(path: folder.appendingPathComponent("\(name).safetensors").path)
        var found: [String: StoredTensor] = [:]
        for name in file.tensorNames {
            found[String(name.drop { $0 != ":" }.dropFirst())] = try file.storedTensor(named: name)
        }
        return found
    }
}

extension StoredTensor {
    /// The elements of an int64 tensor.
    public func int64s() throws -> [Int] {
        guard elementType == .int64 else {
            throw TensorError.unsupportedElementType(tensor: name, found: elementType)
        }
        return withUnsafeBytes { bytes in
            (0..<shape.elementCount).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
        }
    }
}
