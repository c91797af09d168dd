// A language model: fetched, generating, constrained, and in conversation.

// snippet.generate
import SwiftAttention

// A folder, a GGUF file, or a name: what is not on this machine is fetched from the Hugging Face hub.
let path = try await ModelHub().path(of: "Qwen/Qwen3-0.6B")
let model = try LanguageModel(path: path)

var options = GenerationOptions(
    sampling: Sampling(temperature: 0.8, topP: 0.95, seed: 7), maximumTokens: 200)
for try await token in model.generate("Once upon a time", options) {
    print(token.text, terminator: "")
}
// snippet.end

// snippet.constrain
let schema = #"{"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}"#
let grammar = try Grammar(jsonSchema: schema)
let vocabulary = TokenVocabulary(try model.tokenizer, count: model.decoder.configuration.vocabulary)
options.constraint = try GrammarConstraint(grammar: grammar, vocabulary: vocabulary)
for try await token in model.generate("Ada is 36 years old. As JSON:", options) {
    print(token.text, terminator: "")
}
// snippet.end

// snippet.schedule
let scheduler = Scheduler(model.decoder)
let pages = try model.decoder.makePages(storage: .float16)
let requests = try ["Once upon a time", "The capital of France is"].map {
    try model.request(for: model.tokenize(prompt: $0), pages: pages)
}
async let tale = scheduler.text(of: requests[0])
async let city = scheduler.text(of: requests[1])
print(try await tale.text, try await city.text)
// snippet.end

// snippet.converse
var conversation = try Conversation(with: model, system: "Answer in one sentence.")
var answer = try conversation.answer(to: "Why is the sky blue?")
while let token = try answer.next() { print(token.text, terminator: "") }
try conversation.keep(answer)
// snippet.end

// snippet.decode
// Runs of several texts go through together; each keeps the bits that it has alone.
var caches = try (0..<2).map { _ in try model.decoder.makeCache(capacity: 4096, pages: pages) }
let logits = try model.decoder([[1, 15, 7], [1]], caches: &caches)  // [2, V]
// snippet.end
