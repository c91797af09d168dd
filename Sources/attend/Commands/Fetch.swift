import ArgumentParser
import AttentionHub

/// `attend fetch`: a model into the cache.
struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetch a model from the Hugging Face hub, and print where it lies.",
        discussion: """
            Every command fetches a model that is given as org/name and is not here yet. This one does nothing else: it \
            makes a model ready for a time without a network, or brings a newer state of it. What is there already is \
            not fetched again, and what broke off goes on where it stopped.

              attend fetch sentence-transformers/all-MiniLM-L6-v2
              attend fetch org/name:model-q8_0.gguf
              attend fetch org/name@v2.0

            Models go into the Hugging Face cache, which Python's programs share: ~/.cache/huggingface/hub, or what \
            HF_HUB_CACHE or HF_HOME say. Each file is checked against the hash that the hub names it by. Of a GGUF model \
            in several parts (-00001-of-00003.gguf) all are fetched, whichever is named.

              HF_TOKEN        a token, for models that are not open to everybody
              HF_ENDPOINT     another server that speaks as the hub does
              HF_HUB_OFFLINE  1: ask nobody, and use what is here
            """)

    @Argument(
        help: ArgumentHelp(
            "The model's name on the hub, with @ and a revision, and with : and one of its files.",
            valueName: "org/name"))
    var model: String

    func run() throws {
        let path = try ModelSource().fetch(model)
        var output = StandardOutput()
        try output.write(path + "\n")
        try output.flush()
    }
}
