import ArgumentParser

@main
struct Attend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attend",
        abstract: "Runs transformer models and shows what they look at."
    )
}
