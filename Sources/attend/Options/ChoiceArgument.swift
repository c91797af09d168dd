import ArgumentParser
import AttentionJSON

/// The value of an option that is one of a few words, each taken by its scalars.
protocol ChoiceArgument: ExpressibleByArgument, CaseIterable, RawRepresentable<String> {}

extension ChoiceArgument {
    init?(argument: String) { self.init(exactly: argument) }
}
