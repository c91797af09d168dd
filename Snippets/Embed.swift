// Sentences as vectors, and documents ranked by their closeness to a query.

// snippet.embed
import SwiftAttention

let path = try await ModelHub().path(of: "sentence-transformers/all-MiniLM-L6-v2")
let embedder = try TextEmbedder(path: path)
let vectors = try embedder.embed(["The weather is lovely today.", "It's so sunny outside!"])

let documents = ["A cat sleeps on the sill.", "The sun shines on the beach."]
for match in try embedder.rank(query: "sunshine", documents: documents, top: 1) {
    print(match.score, documents[match.index])
}
// snippet.end
