// Runs a model of a family that swift-attention does not know.
//
//     swift run -c release OwnFamily PATH "Once upon a time"
//
// PATH is a folder with a Granite model as the Hugging Face hub has it, or a GGUF file. Everything that the
// package does with its own families works with a registered one: it generates, looks, measures, converts and
// trains.

import Foundation
import SwiftAttention

try ModelRegistry.register(Granite.self)

guard CommandLine.arguments.count >= 2 else {
    print("usage: OwnFamily PATH [TEXT]")
    exit(64)
}
let path = CommandLine.arguments[1]
let text = CommandLine.arguments.count > 2 ? CommandLine.arguments[2] : "Once upon a time"

let model = try LanguageModel(path: path)
// A model without a tokenizer works with tokens.
let ids = (try? model.tokenize(prompt: text)) ?? [1, 2, 3, 4]

// Generate.
var generation = try model.generation(of: ids, GenerationOptions(maximumTokens: 16))
while let token = try generation.next() {
    print(token.text.isEmpty ? "<\(token.id)>" : token.text, terminator: "")
}
print()

// Look at what the last layer attends to.
let map = try AttentionMap(
    of: model.decoder, model: model.name, text: text, ids: ids,
    tokens: ids.map { AttentionMap.Token("\($0)") })
print("a map of \(map.layers.count) layers and \(map.heads.count) heads")

// Measure.
let logits = try model.decoder(SequenceBatch([ids]))
print("logits \(logits.shape)")

// Write it as a GGUF file with 8 bits a weight, and read that again.
let file = FileManager.default.temporaryDirectory.appending(path: "own-family.gguf").path
defer { try? FileManager.default.removeItem(atPath: file) }
let errors = try ModelQuantizer(path: path, type: .q8_0).write(to: file)
let small = try LanguageModel(path: file)
print(
    "rounded to 8 bits: a relative error of \(errors.total); \(small.decoder.configuration.blocks.count) layers"
)

// Train a step, where the weights are float32: the loss of the text itself.
var student = model.decoder
if try student.untrainableWeights.isEmpty, ids.count > 1 {
    try student.watchParameters()
    let loss = try CrossEntropy()(
        student(SequenceBatch([Array(ids.dropLast())])), targets: Array(ids.dropFirst()))
    let gradients = try student.parameterGradients(of: loss)
    print("loss \(loss.scalars[0]), gradients of \(gradients.count) weights")
}
