import ArgumentParser
import AttentionFiles
import AttentionMaps
import AttentionTensors
import Foundation

/// `attend inspect`: the contents of a model's files.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the metadata, tensors and sizes of a model file.",
        usage: "attend inspect <path> [--json]",
        discussion: """
            Reads headers only, so that any size of model takes a moment. Long texts and arrays are abbreviated.

              attend inspect model-q4_K.gguf
              attend inspect all-MiniLM-L6-v2 --json

            With --json one object is printed:

              format, architecture, weights, bytes, bitsPerWeight
              metadata   an object of texts
              types      for each type: type, tensors, weights, bytes
              tensors    for each tensor: name, type, shape, bytes
            """)

    @Argument(
        help: "A GGUF file, a .safetensors file, or a model's folder or name.",
        completion: .file(extensions: ["gguf", "safetensors"]))
    var path: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let isHere = FileManager.default.fileExists(atPath: path)
        let found = isHere ? path : try ModelSource().path(of: path)
        let inventory = try ModelInventory(path: found)
        var output = StandardOutput()
        try output.write(json ? object(inventory).line : Array(text(inventory).utf8))
        try output.flush()
    }

    // MARK: Text

    private func text(_ inventory: ModelInventory) -> String {
        let bits = inventory.bitsPerWeight.map { String(format: ", %.2f bits each", $0) } ?? ""
        var lines = [
            "\(VisibleText.escape(inventory.path)): \(inventory.format)"
                + (inventory.architecture.map { ", \(VisibleText.escape($0))" } ?? "") + "\n",
            "\(inventory.tensors.count) tensors, \(inventory.elementCount) weights, "
                + "\(inventory.byteCount) bytes\(bits)\n",
        ]
        if !inventory.metadata.isEmpty {
            lines += ["\n"]
            lines +=
                TextTable(
                    rows: inventory.metadata.map {
                        [VisibleText.escape($0.key), VisibleText.escape($0.value)]
                    },
                    rightAligned: []
                ).lines
        }
        guard !inventory.tensors.isEmpty else { return lines.joined() }
        let types = inventory.types.map {
            [$0.elementType, "\($0.tensors)", "\($0.elements)", "\($0.bytes)"]
        }
        lines +=
            ["\n"]
            + TextTable(
                rows: [["type", "tensors", "weights", "bytes"]] + types, rightAligned: [1, 2, 3]
            ).lines
        let tensors = inventory.tensors.map {
            [VisibleText.escape($0.name), $0.elementType, "\($0.shape)", "\($0.byteCount)"]
        }
        lines +=
            ["\n"]
            + TextTable(
                rows: [["tensor", "type", "shape", "bytes"]] + tensors, rightAligned: [3]
            ).lines
        return lines.joined()
    }

    // MARK: JSON

    private func object(_ inventory: ModelInventory) -> JSON {
        var members: [(String, JSON)] = [("format", .string(inventory.format))]
        if let architecture = inventory.architecture {
            members.append(("architecture", .string(architecture)))
        }
        members += [("weights", .integer(inventory.elementCount)), ("bytes", .integer(inventory.byteCount))]
        if let bits = inventory.bitsPerWeight { members.append(("bitsPerWeight", .number(Float(bits)))) }
        members += [
            ("metadata", .object(inventory.metadata.map { ($0.key, .string($0.value)) })),
            (
                "types",
                .array(
                    inventory.types.map {
                        .object([
                            ("type", .string($0.elementType)), ("tensors", .integer($0.tensors)),
                            ("weights", .integer($0.elements)), ("bytes", .integer($0.bytes)),
                        ])
                    })
            ),
            (
                "tensors",
                .array(
                    inventory.tensors.map {
                        .object([
                            ("name", .string($0.name)), ("type", .string($0.elementType)),
                            ("shape", .integers($0.shape.extents)), ("bytes", .integer($0.byteCount)),
                        ])
                    })
            ),
        ]
        return .object(members)
    }
}
