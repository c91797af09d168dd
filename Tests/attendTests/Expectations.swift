import Testing

/// A failure as every command must end: the code, a message on standard error that names `parts`, and nothing
/// on standard output.
func expectFailure(
    _ outcome: Program.Outcome, _ code: Int32, naming parts: String...,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(outcome.code == code, "\(outcome.errors)", sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
    #expect(outcome.errors.hasPrefix("attend: error: "), "\(outcome.errors)", sourceLocation: sourceLocation)
    for part in parts {
        #expect(
            outcome.errors.contains(part), "no '\(part)' in: \(outcome.errors)",
            sourceLocation: sourceLocation)
    }
}
