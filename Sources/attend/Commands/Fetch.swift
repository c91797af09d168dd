import ArgumentParser
import AttentionHub

/// `attend fetch`: brings a model into the cache.
struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetch a model from the Hugging Face hub, and print its path.",
        discussion: """
            Every command fetches a model of the form org/name that is not on this machine. This command \
            only fetches: it prepares for work without a network, and it updates a model to its newest \
            revision. Files that are present are not fetched again, and a download that was interrupted is \
            resumed.

              attend fetch sentence-transformers/all-MiniLM-L6-v2
              attend fetch org/name:model-q8_0.gguf
              attend fetch org/name@v2.0

            Models go into the Hugging Face cache, which is shared with Python: ~/.cache/huggingface/hub, or \
            the folder that HF_HUB_CACHE or HF_HOME name. Each file is checked against its hash on the hub. \
            The parts of a GGUF model in several files (-00001-of-00003.gguf) are fetched together, \
            whichever part is named.

              HF_TOKEN        an access token, for models that require one
              HF_ENDPOINT     the address of another server with the hub's interface
              HF_HUB_OFFLINE  1: use the cache only, and no network

            HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY are honoured, in lower case, too.
            """)

    @Argument(
        help: ArgumentHelp(
            "The model's name on the hub. @ and a revision may follow it, then : and one of its files.",
            valueName: "org/name"))
    var model: String

    func run() throws {
        let path = try ModelSource().fetch(model)
        var output = StandardOutput()
        try output.write(shown: path + "\n")
        try output.flush()
    }
}
