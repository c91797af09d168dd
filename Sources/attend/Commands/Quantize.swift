import ArgumentParser
import AttentionFiles
import AttentionGeneration
import AttentionTensors
import Foundation

/// `attend quantize`: a model's matrices in fewer bits.
struct Quantize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a model as a GGUF file, its matrices rounded to fewer bits.",
        usage: "attend quantize <input> <output> --type <type> [--threads <count>] [--json]",
        discussion: """
            The input is a model's folder (config.json, model.safetensors, tokenizer.json), its name, or a GGUF \
            file. The output is a GGUF file that llama.cpp reads too; what is there is replaced once the new one \
            is complete, unless it is a file of the input.

              attend quantize Qwen3-0.6B qwen3-0.6b-q8_0.gguf --type q8_0
              attend quantize model-f16.gguf model-q4_K_M.gguf --type q4_K_M

            The mixtures q4_K_M and q5_K_M are llama.cpp's: a few matrices that errors cost most in take q6_K. The \
            other types are those of all matrices. Of a model in several files, give the first one.

            Norms, biases and other vectors stay in float32. The head, or a table of tokens that is the head too, \
            takes q6_K where the type has fewer bits. A matrix whose rows are not whole blocks takes a type \
            whose blocks are smaller.

            Printed is what it costs, part by part: the relative error is √(Σ (ŵ − w)² / Σ w²). Rounding what was \
            rounded before adds its error to the first one's, which is not known any more.
            """)

    @Argument(help: "A model's folder or name, or a GGUF file.", completion: .file(extensions: ["gguf"]))
    var input: String

    @Argument(help: "The GGUF file to write.", completion: .file(extensions: ["gguf"]))
    var output: String

    @Option(
        help: ArgumentHelp("One of \(Self.names).", valueName: "type"),
        transform: Self.mixture)
    var type: QuantizationMixture

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How many threads compute, 1 to 256.", valueName: "count"))
    var threads: Int?

    @Flag(help: "Print the errors as one JSON object.")
    var json = false

    private static var names: String { QuantizationMixture.all.map(\.name).joined(separator: ", ") }

    private static func mixture(_ name: String) throws -> QuantizationMixture {
        guard let mixture = QuantizationMixture(name: name) else {
            throw ValidationError("'\(name)' is no type that a model can be written in: \(names)")
        }
        return mixture
    }

    func validate() throws {
        if let threads, !(1...256).contains(threads) {
            throw ValidationError("--threads is \(threads); expected 1 to 256")
        }
    }

    func run() throws {
        try ThreadOptions.checkEnvironment()
        let pool = threads.map { WorkerPool(threadCount: $0) } ?? WorkerPool.current
        try WorkerPool.$current.withValue(pool) { try convert() }
    }

    private func convert() throws {
        let path = try ModelSource().path(of: input)
        let quantizer = try ModelQuantizer(path: path, mixture: type)
        let progress = ProgressBar("MB", total: quantizer.byteCount / 1_000_000)
        defer { progress.finish() }
        let errors = try quantizer.write(to: output) { progress.update($0 / 1_000_000) }
        progress.finish()
        var standardOutput = StandardOutput()
        try standardOutput.write(json ? object(errors).line : Array(table(errors).utf8))
        try standardOutput.flush()
    }

    private func object(_ errors: ModelQuantizer.Errors) -> JSON {
        .object([
            ("file", .string(output)), ("bytes", .integer(errors.byteCount)),
            ("error", .number(Float(errors.total))),
            (
                "parts",
                .array(
                    errors.parts.map { part in
                        .object([
                            ("name", .string(part.name)), ("type", .string(part.elementType.rawValue)),
                            ("tensors", .integer(part.tensors)), ("bytes", .integer(part.byteCount)),
                            ("error", .number(Float(part.relative))),
                        ])
                    })
            ),
        ])
    }

    private func table(_ errors: ModelQuantizer.Errors) -> String {
        var rows = [["part", "tensors", "type", "MB", "relative error"]]
        for part in errors.parts {
            rows.append([
                part.name, "\(part.tensors)", part.elementType.rawValue,
                megabytes(part.byteCount, of: errors.byteCount),
                digits(part.relative),
            ])
        }
        rows.append([
            "total", "", "", megabytes(errors.byteCount, of: errors.byteCount), digits(errors.total),
        ])
        return TextTable(rows: rows, rightAligned: [1, 3, 4]).lines.joined()
    }

    /// Kilobytes show where the whole file is small.
    private func megabytes(_ bytes: Int, of total: Int) -> String {
        String(format: total < 10_000_000 ? "%.3f" : "%.1f", Double(bytes) / 1e6)
    }
    private func digits(_ error: Double) -> String { error == 0 ? "0" : String(format: "%.5f", error) }
}
