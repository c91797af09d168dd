import Attention
import AttentionFiles
import AttentionTensors
import Foundation
import TestSupport

/// One published case of the ONNX operator `Attention` (opsets 23 and 24).
struct ONNXCase: Sendable, CustomStringConvertible {
    let name: String
    let attributes: Attributes
    /// The node's inputs in the operator's order; empty where one is left out.
    let inputs: [String]
    let outputs: [String]

    var description: String { name }

    /// Every attribute that the cases use. One that is not here fails to decode.
    struct Attributes: Decodable, Sendable {
        let is_causal, q_num_heads, kv_num_heads, qk_matmul_output_mode: Int?
        let scale, softcap: Float?

        private enum CodingKeys: String, CodingKey, CaseIterable {
            case is_causal, q_num_heads, kv_num_heads, qk_matmul_output_mode, scale, softcap
        }

        private struct AnyKey: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        struct Unknown: Error { let attribute: String }

        init(from decoder: any Decoder) throws {
            for key in try decoder.container(keyedBy: AnyKey.self).allKeys
            where CodingKeys(rawValue: key.stringValue) == nil {
                throw Unknown(attribute: key.stringValue)
            }
            let values = try decoder.container(keyedBy: CodingKeys.self)
            is_causal = try values.decodeIfPresent(Int.self, forKey: .is_causal)
            q_num_heads = try values.decodeIfPresent(Int.self, forKey: .q_num_heads)
            kv_num_heads = try values.decodeIfPresent(Int.self, forKey: .kv_num_heads)
            qk_matmul_output_mode = try values.decodeIfPresent(Int.self, forKey: .qk_matmul_output_mode)
            scale = try values.decodeIfPresent(Float.self, forKey: .scale)
            softcap = try values.decodeIfPresent(Float.self, forKey: .softcap)
        }
    }

    private struct Node: Decodable {
        let op: String
        let inputs, outputs: [String]
        let attrs: Attributes?

        private enum CodingKeys: String, CodingKey { case op, inputs, outputs, attrs }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            op = try values.decode(String.self, forKey: .op)
            inputs = try values.decode([String].self, forKey: .inputs)
            outputs = try values.decode([String].self, forKey: .outputs)
            attrs = op == "Attention" ? try values.decode(Attributes.self, forKey: .attrs) : nil
        }
    }

    private struct Entry: Decodable { let nodes: [Node] }

    private static var folder: URL? { Locations.data?.appendingPathComponent("onnx-operator-cases") }

    /// All cases that have an attention node; none where the data is absent.
    static func all() throws -> [ONNXCase] {
        guard let folder else { return [] }
        let manifest = try Data(contentsOf: folder.appendingPathComponent("manifest.json"))
        return try JSONDecoder().decode([String: Entry].self, from: manifest)
            .sorted { $0.key < $1.key }
            .flatMap { name, entry in
                entry.nodes.compactMap { node in
                    node.attrs.map {
                        ONNXCase(name: name, attributes: $0, inputs: node.inputs, outputs: node.outputs)
                    }
                }
            }
    }

    /// The case's tensors, by the names of the node's inputs and outputs.
    func tensors() throws -> [String: StoredTensor] {
        guard let folder = Self.folder else { return [:] }
        let file = try SafetensorsFile(path: folder.appendingPathComponent("\(name).safetensors").path)
        var found: [String: StoredTensor] = [:]
        for name in file.tensorNames {
            found[String(name.drop { $0 != ":" }.dropFirst())] = try file.storedTensor(named: name)
        }
        return found
    }
}
