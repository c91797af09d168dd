import ArgumentParser
import AttentionConversion
import AttentionFiles
import AttentionGeneration
import AttentionModels
import AttentionTensors
import Foundation

/// `attend quantize`: writes a model with its matrices in fewer bits.
struct Quantize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a model as a GGUF file, its matrices rounded to fewer bits.",
        usage: "attend quantize <input> <output> --type <type> [--threads <count>] [--json]",
        discussion: """
            The input is a model's folder (config.json, model.safetensors, tokenizer.json), its name, or a \
            GGUF file. The output is a GGUF file, which llama.cpp reads, too. It appears when it is \
            complete, and then replaces an older file of its name. It cannot replace a file of the input.

              attend quantize Qwen3-0.6B qwen3-0.6b-q8_0.gguf --type q8_0
              attend quantize model-f16.gguf model-q4_K_M.gguf --type q4_K_M

            The mixtures q4_K_M and q5_K_M are llama.cpp's: the few matrices that are most sensitive to \
            errors take q6_K. Any other type is the type of all matrices. For a model in several files, give \
            the first one.

            Norms, biases and other vectors stay in float32. The output matrix takes at least q6_K, also \
            where it is the token embedding. A matrix whose rows do not fill whole blocks takes a type with \
            smaller blocks.

            The relative error √(Σ (ŵ − w)² / Σ w²) of each part is printed. It is the error against the \
            input: where the input was rounded before, the errors add up.
            """)

    @Argument(help: "A model's folder or name, or a GGUF file.", completion: .file(extensions: ["gguf"]))
    var input: String

    @Argument(help: "The GGUF file to write.", completion: .file(extensions: ["gguf"]))
    var output: String

    @Option(help: ArgumentHelp("The type of the matrices, or a mixture of types.", valueName: "type"))
    var type: QuantizationMixture

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The number of threads, 1 to 256.", valueName: "count"))
    var threads: Int?

    @Flag(help: "Print the errors as one JSON object.")
    var json = false

    func validate() throws {
        if OutputFile(path: output).isStandardOutput {
            throw ValidationError(
                "the output is -, but standard output holds the errors of the parts; expected a file's name")
        }
        if output.isEmpty { throw ValidationError("the name of the file to write is empty") }
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
        let quantizer = try ModelKind.decoder.load(path, for: "attend quantize") {
            try ModelQuantizer($0, mixture: type)
        }
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

extension QuantizationMixture: ExpressibleByArgument {
    public init?(argument: String) { self.init(name: argument) }

    public static var allValueStrings: [String] { all.map(\.name) }
}
