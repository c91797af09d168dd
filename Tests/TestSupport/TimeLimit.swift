extension Duration {
    /// The time limit of work on a slow machine. A debug build, whose speed does not matter, gets ten
    /// times as long.
    public static func limit(seconds: Int) -> Duration {
        #if DEBUG
            .seconds(10 * seconds)
        #else
            .seconds(seconds)
        #endif
    }
}
